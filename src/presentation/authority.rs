//! `turnero tls self-signed`: the office's own certificate authority, and the certificate that it gives
//! the server.

use std::collections::BTreeSet;
use std::error::Error;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, lchown};
use std::path::{Path, PathBuf};

use data_encoding::{BASE64, HEXLOWER};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, SerialNumber, date_time_ymd,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use sha2::{Digest, Sha256};

use super::access::random;
use super::http::address::lan_address;
use super::http::certificate::AUTHORITY_FILE;
use crate::config::Config;
use crate::files::read_regular;

/// The folder beside the data file; without one, in the working directory.
pub const FOLDER: &str = "tls";

/// Validity in days. Apple's devices accept no server's certificate of more than 825 days.
const AUTHORITY_DAYS: i32 = 3_650;
const SERVER_DAYS: i32 = 730;

/// Makes a certificate for the names and addresses of this machine and the names of `--host`. The authority and
/// the keys are made by the first call and kept, so that devices go on trusting the server.
pub fn make_certificate(config: &Config) -> Result<(), Box<dyn Error>> {
    let folder = Folder::open(config.data.file().unwrap_or(Path::new("")))?;
    let today = TimeZone::UTC.to_datetime(Timestamp::now()).date();
    let authority_path = folder.path.join(AUTHORITY_FILE);
    let is_new = !authority_path.exists();
    let Some(authority_key) = folder.key("ca.key", is_new)? else {
        let (at, shown) = (folder.path.display(), authority_path.display());
        return Err(format!(
            "{at}/ca.key is not there, so the authority {shown} can make no certificate. Put the key back, or remove \
             {shown} to make a new authority, which every device must then trust anew."
        )
        .into());
    };
    let mut authority = authority_params(&authority_key)?;
    if is_new {
        validity(&mut authority, today, AUTHORITY_DAYS);
        let made = authority.self_signed(&authority_key)?;
        folder.write(AUTHORITY_FILE, "CERTIFICATE", made.der(), 0o644)?;
    }
    let issuer = Issuer::new(authority, authority_key);

    let names: Vec<String> = names(config).into_iter().collect();
    let key = folder
        .key("server.key", true)?
        .expect("made if it is not there");
    let mut server = CertificateParams::new(names.clone())?;
    server.distinguished_name = named("turnero");
    // Firefox refuses two certificates of an authority with one number.
    server.serial_number = Some(SerialNumber::from_slice(&random::<16>()?));
    server.use_authority_key_identifier_extension = true;
    server.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let end = validity(&mut server, today, SERVER_DAYS);
    let made = server.signed_by(&key, &issuer)?;
    folder.write("server.crt", "CERTIFICATE", made.der(), 0o644)?;

    let at = folder.path.display();
    println!(
        "The certificate is good until {end} for {}.",
        names.join(", ")
    );
    println!("Start the server with --tls-cert {at}/server.crt --tls-key {at}/server.key");
    println!("Devices that trust {at}/{AUTHORITY_FILE} accept it. Its SHA-256 fingerprint:");
    println!("{}", fingerprint(&authority_path)?);
    println!(
        "Keep {at}/ca.key safe: with it, anybody can pretend to be any site to these devices."
    );
    Ok(())
}

/// The names and addresses of this machine, and the names of `--host`.
fn names(config: &Config) -> BTreeSet<String> {
    let host = rustix::system::uname()
        .nodename()
        .to_string_lossy()
        .to_lowercase();
    let mut names = BTreeSet::from(["localhost", "127.0.0.1", "::1"].map(String::from));
    if !host.is_empty() && host.is_ascii() {
        if !host.contains('.') {
            names.insert(format!("{host}.local"));
        }
        names.insert(host);
    }
    names.extend(config.hosts.iter().filter(|name| name.is_ascii()).cloned());
    let any = [
        IpAddr::from(Ipv4Addr::UNSPECIFIED),
        Ipv6Addr::UNSPECIFIED.into(),
    ];
    let found = any
        .into_iter()
        .filter_map(|any| lan_address(SocketAddr::new(any, 0)));
    names.extend(found.map(|address| address.to_string()));
    names
}

/// The authority, made of its key alone, so that its certificate need not be read.
fn authority_params(key: &KeyPair) -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(Vec::new())?;
    let mark = HEXLOWER.encode(&Sha256::digest(key.public_key_raw())[..4]);
    params.distinguished_name = named(&format!("turnero {mark}"));
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Ok(params)
}

fn named(name: &str) -> DistinguishedName {
    let mut named = DistinguishedName::new();
    named.push(DnType::CommonName, name);
    named
}

/// Lets a certificate begin a day ago, because clocks differ, and end after so many days. Returns the end.
fn validity(params: &mut CertificateParams, today: Date, days: i32) -> Date {
    let time = |date: Date| {
        // Months and days are between 1 and 31.
        let small = |number: i8| u8::try_from(number).unwrap_or(1);
        date_time_ymd(date.year().into(), small(date.month()), small(date.day()))
    };
    let end = today.saturating_add(days.days());
    params.not_before = time(today.saturating_sub(1.day()));
    params.not_after = time(end);
    end
}

/// The SHA-256 fingerprint of a certificate, as devices show it.
fn fingerprint(path: &Path) -> Result<String, Box<dyn Error>> {
    let wrong = |why: String| format!("{} cannot be read: {why}.", path.display());
    let bytes = read_regular(path).map_err(|error| wrong(error.to_string()))?;
    let certificate =
        CertificateDer::from_pem_slice(&bytes).map_err(|error| wrong(error.to_string()))?;
    let digest = Sha256::digest(&certificate);
    let pairs: Vec<String> = digest.iter().map(|byte| format!("{byte:02X}")).collect();
    Ok(pairs.join(":"))
}

/// The folder of the certificates. Its files belong to the owner of the data file's folder.
struct Folder {
    path: PathBuf,
    owner: (u32, u32),
}

impl Folder {
    fn open(data: &Path) -> Result<Self, String> {
        let parent = data
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty());
        let parent = parent.unwrap_or(Path::new("."));
        let path = parent.join(FOLDER);
        let shown = path.display().to_string();
        let opened = fs::metadata(parent).and_then(|parent| {
            match fs::symlink_metadata(&path) {
                // Root would write, and give away, what a link leads to.
                Ok(about) if !about.is_dir() => return Err(io::ErrorKind::NotADirectory.into()),
                Ok(_) => {}
                Err(_) => fs::create_dir(&path)?,
            }
            let folder = Self {
                path,
                owner: (parent.uid(), parent.gid()),
            };
            folder.give(&folder.path)?;
            Ok(folder)
        });
        opened.map_err(|error| format!("The folder {shown} cannot be used: {error}."))
    }

    /// A private key in this folder. If it is not there, a new one is made with `make`, and `None` returned
    /// without.
    fn key(&self, name: &str, make: bool) -> Result<Option<KeyPair>, Box<dyn Error>> {
        let path = self.path.join(name);
        if path.exists() {
            let wrong = |why: String| format!("{} cannot be used: {why}.", path.display());
            let bytes = read_regular(&path).map_err(|error| wrong(error.to_string()))?;
            let key =
                PrivateKeyDer::from_pem_slice(&bytes).map_err(|error| wrong(error.to_string()))?;
            let key = KeyPair::try_from(&key).map_err(|error| wrong(error.to_string()))?;
            return Ok(Some(key));
        }
        if !make {
            return Ok(None);
        }
        let key = KeyPair::generate()?;
        self.write(name, "PRIVATE KEY", key.serialized_der(), 0o600)?;
        Ok(Some(key))
    }

    /// Writes a file in PEM, in one step for whoever reads it.
    fn write(&self, name: &str, kind: &str, der: &[u8], mode: u32) -> Result<(), String> {
        let path = self.path.join(name);
        let new = self.path.join(format!("{name}.new"));
        let written = || {
            // One that was left behind could have other rights.
            let _ = fs::remove_file(&new);
            let options = OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(mode)
                .open(&new);
            let mut file = options?;
            file.write_all(pem(kind, der).as_bytes())?;
            file.sync_all()?;
            self.give(&new)?;
            fs::rename(&new, &path)
        };
        written().map_err(|error| format!("{} cannot be written: {error}.", path.display()))
    }

    /// Gives what root has made to the user of the server.
    fn give(&self, path: &Path) -> io::Result<()> {
        if rustix::process::geteuid().is_root() {
            lchown(path, Some(self.owner.0), Some(self.owner.1))?;
        }
        Ok(())
    }
}

/// The textual form of a certificate or key (RFC 7468).
fn pem(kind: &str, der: &[u8]) -> String {
    let text = BASE64.encode(der);
    let mut lines = vec![format!("-----BEGIN {kind}-----")];
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(64));
        lines.push(line.to_owned());
        rest = after;
    }
    lines.push(format!("-----END {kind}-----\n"));
    lines.join("\n")
}
