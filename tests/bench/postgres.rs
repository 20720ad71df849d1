//! Tickets a second of offices in PostgreSQL, beside a data file: one server and three servers of one office, and then
//! all of several offices that share the database, with one, two and three servers each.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use crate::Failure;
use crate::flood::{self, Flood};
use crate::http::{Connection, request};
use crate::options::Options;
use crate::plot::{self, Group};
use crate::report::{Aim, Better, Report, Row, median, thousands};
use crate::server::{Bench, Server, Stack};

/// The same for all, so 64 for each of three servers; one server is measured with 64, too.
const CONNECTIONS: usize = 192;

/// The most servers of an office.
const SERVERS: usize = 3;

/// How long a server may need to show the last ticket of another one.
const CATCH_UP: Duration = Duration::from_secs(5);

pub fn measure(bench: &Bench, options: &Options, report: &mut Report) -> Result<(), Failure> {
    let Ok(database) = std::env::var("TURNERO_TEST_POSTGRES") else {
        report.note("Without tests/with-postgres nothing was measured on PostgreSQL.".to_owned());
        return Ok(());
    };
    let [mut file, mut few, mut one, mut three] = [const { Vec::new() }; 4];
    let fewer = CONNECTIONS / SERVERS;
    for round in 1..=options.rounds() {
        let server = bench.start(Stack::Turnero)?;
        file.push(flood_offices(vec![vec![server]], CONNECTIONS, options)?);
        for (servers, connections, figures) in [
            (1, fewer, &mut few),
            (1, CONNECTIONS, &mut one),
            (SERVERS, CONNECTIONS, &mut three),
        ] {
            let office = format!("round-{round}-{servers}-{connections}");
            let servers = start(bench, &database, &office, servers)?;
            figures.push(flood_offices(vec![servers], connections, options)?);
        }
        eprintln!(
            "postgres, round {round}: {:.0}/s file, {:.0}/s one server, {:.0}/s with {fewer} connections, {:.0}/s three servers",
            file[round - 1],
            one[round - 1],
            few[round - 1],
            three[round - 1]
        );
    }
    let [file, few, one, three] =
        [&mut file, &mut few, &mut one, &mut three].map(|figures| median(figures));
    let what = format!("{CONNECTIONS} connections");
    report.add(
        Row::new(
            &format!("tickets a second, data file, {what}"),
            Better::More,
        )
        .ours(file),
    );
    report.add(Row::new(&format!("… one server on PostgreSQL, {what}"), Better::More).ours(one));
    let its_own = format!("… one server on PostgreSQL, {fewer} connections");
    report.add(Row::new(&its_own, Better::More).ours(few));
    report.add(
        Row::new(
            &format!("… three servers, one office, {what}"),
            Better::More,
        )
        .ours(three),
    );
    let ratio = |what: &str, value: f64, least: f64| {
        let row = Row::new(what, Better::More).decimals(2);
        row.ours(value).aim(Aim::AtLeast(least))
    };
    report.add(ratio(
        "one server on PostgreSQL : data file",
        one / file,
        0.3,
    ));
    report.add(ratio("three servers : one server", three / one, 1.0));
    measure_offices(bench, options, &database, report)
}

/// Measures more and more offices, and draws them.
fn measure_offices(
    bench: &Bench,
    options: &Options,
    database: &str,
    report: &mut Report,
) -> Result<(), Failure> {
    let mut groups = Vec::new();
    for &offices in options.offices() {
        let mut bars = Vec::new();
        for count in 1..=SERVERS {
            let servers = (0..offices).map(|office| {
                let office = format!("of-{offices}-{count}-{office}");
                start(bench, database, &office, count)
            });
            let servers = servers.collect::<Result<Vec<_>, Failure>>()?;
            let figure = flood_offices(servers, CONNECTIONS, options)?;
            eprintln!("postgres, {offices} offices, {count} servers each: {figure:.0}/s");
            report.add(
                Row::new(
                    &format!("… offices: {offices}, servers each: {count}"),
                    Better::More,
                )
                .ours(figure),
            );
            bars.push((format!("{count}"), figure));
        }
        let label = format!("offices: {offices}");
        groups.push(Group { label, bars });
    }
    let file = bench.base().join("offices.svg");
    let title = "Tickets a second of all offices in one database, by servers of each office";
    fs::write(&file, plot::bars(title, &groups, thousands))?;
    report.note(format!("The offices are drawn in {}.", file.display()));
    Ok(())
}

fn start(
    bench: &Bench,
    database: &str,
    office: &str,
    servers: usize,
) -> Result<Vec<Server>, Failure> {
    let servers = (0..servers).map(|_| bench.start_on_office(database, office));
    servers.collect()
}

/// Tickets a second of offices with so many servers, which end. Each ticket that was acknowledged must be there, once.
fn flood_offices(
    offices: Vec<Vec<Server>>,
    connections: usize,
    options: &Options,
) -> Result<f64, Failure> {
    let all = || offices.iter().flatten();
    let addresses: Vec<_> = all().map(|server| server.address).collect();
    let connections = connections.max(addresses.len());
    let Flood {
        a_second,
        acknowledged,
    } = flood::of_servers(&addresses, connections, options.flood_window())?;
    for place in 0..offices[0].len() {
        let deadline = Instant::now() + CATCH_UP;
        loop {
            let last = offices.iter().map(|servers| last_number(&servers[place]));
            let last = last.sum::<Result<u64, Failure>>()?;
            if last == acknowledged {
                break;
            }
            if Instant::now() > deadline {
                let why = format!("{acknowledged} tickets were acknowledged, and there are {last}");
                return Err(why.into());
            }
            thread::sleep(Duration::from_millis(50));
        }
    }
    for server in offices.into_iter().flatten() {
        server.stop()?;
    }
    Ok(a_second)
}

fn last_number(server: &Server) -> Result<u64, Failure> {
    let (_, last) = Connection::open(server.address)?.ask(&request("GET", "/api/ticket/last"))?;
    Ok(last.as_u64().unwrap_or(0))
}
