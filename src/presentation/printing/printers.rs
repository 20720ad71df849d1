//! All ticket printers of the office, by name: those of the settings, and the one of `--printer`.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::delivery::Timeouts;
use super::printer::Printer;
use super::queue::PrintJob;
use super::worker::PrintJobRenderer;
use crate::domain::{PrinterSetup, Printing};
use crate::presentation::services::{Listener, Publication, WssService};

/// The name of the printer that `--printer` sets.
const MAIN_PRINTER: &str = "main";

/// Limit of the wait for all threads at a stop. A host name that is being looked up can hold a thread
/// for longer.
const STOP_TIMEOUT: Duration = Duration::from_millis(2_500);

/// The ticket printers. They change with the settings.
pub struct Printers {
    /// The address that `--printer` sets.
    main: Option<String>,
    render: Arc<PrintJobRenderer>,
    wss: &'static WssService,
    running: Mutex<Vec<Printer>>,
}

impl Printers {
    /// Starts the printers. `main` is the address that `--printer` sets; `render` makes the bytes of a
    /// job.
    pub fn start(
        main: Option<&str>,
        printing: &Printing,
        render: Arc<PrintJobRenderer>,
        wss: &'static WssService,
    ) -> io::Result<Arc<Self>> {
        let printers = Arc::new(Self {
            main: main.map(str::to_owned),
            render,
            wss,
            running: Mutex::default(),
        });
        printers.set_up(printing)?;
        Ok(printers)
    }

    /// Starts, changes and ends printers, so that there are those of the settings. Waits for none of them.
    fn set_up(&self, printing: &Printing) -> io::Result<()> {
        let setups = self.setups(printing);
        let mut running = self.lock();
        let names = setups.iter().map(|setup| setup.name.clone());
        self.wss.set_printers(names.collect());
        let mut former = std::mem::take(&mut *running);
        for setup in setups {
            let printer = match former.iter().position(|p| p.name() == setup.name) {
                Some(at) => {
                    former[at].set_up(&setup);
                    former.swap_remove(at)
                }
                None => self.start_printer(setup)?,
            };
            running.push(printer);
        }
        former.iter().for_each(Printer::close);
        Ok(())
    }

    fn start_printer(&self, setup: PrinterSetup) -> io::Result<Printer> {
        let (wss, name) = (self.wss, setup.name.clone());
        let report = move |state| wss.set_printer_state(&name, state);
        Printer::start(setup, Timeouts::default(), self.render.clone(), report)
    }

    /// The printers that there are to be. `--printer` sets the address of the printer `main`, which is
    /// the first if the settings do not have it.
    fn setups(&self, printing: &Printing) -> Vec<PrinterSetup> {
        let mut setups = printing.printers.clone();
        let Some(address) = &self.main else {
            return setups;
        };
        match setups.iter_mut().find(|setup| setup.name == MAIN_PRINTER) {
            Some(main) => main.address.clone_from(address),
            None => setups.insert(0, PrinterSetup::new(MAIN_PRINTER, address)),
        }
        setups
    }

    /// Prints the test print of a printer. Returns whether there is one of this name.
    pub fn print_test(&self, name: &str) -> bool {
        let running = self.lock();
        let printer = running.iter().find(|printer| printer.name() == name);
        if let Some(printer) = printer {
            printer.print(PrintJob::test());
        }
        printer.is_some()
    }

    /// Begins to end all printers.
    pub fn close(&self) {
        self.lock().iter().for_each(Printer::close);
    }

    /// Waits until all printers have ended, for all at once.
    pub fn stop(&self) {
        self.close();
        let deadline = Instant::now() + STOP_TIMEOUT;
        for printer in self.lock().iter() {
            printer.stop(deadline);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Printer>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Listener for Arc<Printers> {
    fn publish(&self, publication: &Publication) {
        let updates = publication.updates.iter();
        if let Some(settings) = updates.filter_map(|update| update.settings()).next_back()
            && let Err(error) = self.set_up(&settings.printing)
        {
            log::error!("A printer cannot be started: {error}");
        }
        if publication.prints.is_empty() {
            return;
        }
        let running = self.lock();
        for (ticket, order) in &publication.prints {
            let printer = running.iter().find(|p| p.name() == order.printer);
            if let Some(printer) = printer {
                printer.print(PrintJob::new(ticket, order.base.clone()));
            }
        }
    }
}
