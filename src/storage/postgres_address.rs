//! Addresses of databases of PostgreSQL, and how they are shown.

/// The beginnings of a value that names a database of PostgreSQL.
const POSTGRES_PREFIXES: [&str; 3] = ["postgres://", "postgresql://", "service="];

/// Whether a value of `--data` names a database of PostgreSQL.
pub(super) fn is_postgres_address(value: &str) -> bool {
    POSTGRES_PREFIXES
        .iter()
        .any(|prefix| value.starts_with(prefix))
}

/// Whether a text may be the address of any database, which may have a password.
pub fn may_be_address(text: &str) -> bool {
    let text = text.trim_start().to_lowercase();
    is_postgres_address(&text)
        || text.starts_with("postgres:")
        || (text.contains("://") && !text.starts_with("http"))
        || text.contains("password=")
}

/// A text of the command line as it may be shown: of a database's address, without the user, the password and the parameters.
pub fn without_password(value: &str) -> String {
    if !is_postgres_address(value) {
        return match may_be_address(value) {
            true => "…".to_owned(),
            false => value.to_owned(),
        };
    }
    let Some((scheme, rest)) = value.split_once("://") else {
        // The other parameters of `service=NAME` may have the password.
        let mut parts = value.split_whitespace();
        return parts.next().unwrap_or_default().to_owned();
    };
    if rest.matches('@').count() > 1 {
        // Nobody knows where an unescaped password ends.
        return format!("{scheme}://…");
    }
    let end = rest.rfind('@').map_or(0, |at| at + 1);
    let shown = rest[end..].split('?').next().unwrap_or_default();
    let (hosts, path) = shown.split_at(shown.find('/').unwrap_or(shown.len()));
    // A password without a host after it stands where the port does.
    let is_port = |text: &str| text.ends_with(']') || text.bytes().all(|b| b.is_ascii_digit());
    let hosts: Vec<&str> = hosts
        .split(',')
        .map(|host| match host.rsplit_once(':') {
            Some((name, port)) if !is_port(port) => name,
            _ => host,
        })
        .collect();
    format!("{scheme}://{}{path}", hosts.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_password_is_shown() {
        for (value, shown) in [
            ("office.db", "office.db"),
            ("postgres://db.lan/offices", "postgres://db.lan/offices"),
            (
                "postgres://me:s3:c@ret?@a,b:5433/o?password=s3c@ret",
                "postgres://…",
            ),
            (
                "postgresql://me:s3cret@[::1]:5432/offices?sslmode=require&password=s3cret",
                "postgresql://[::1]:5432/offices",
            ),
            ("postgres://me:s3cret", "postgres://me"),
            ("postgres://a,b:5433,[::1]/o", "postgres://a,b:5433,[::1]/o"),
            ("service=offices password='s3cret'", "service=offices"),
            ("host=db.lan password=s3cret", "…"),
            ("jdbc:postgresql://me:s3cret@db.lan/offices", "…"),
            (" postgres://me:s3cret@db.lan/offices", "…"),
            ("postgres:me:s3cret@db.lan", "…"),
        ] {
            assert_eq!(without_password(value), shown);
            let shown = without_password(value);
            assert!(!shown.contains("s3") && !shown.contains("ret"), "{value}");
        }
    }
}
