//! The `code` of every error answer, with its HTTP status. Programs and screens rely on the codes:
//! never rename one. The API's description lists them; each screen language has a text for each.

/// Declares [`ErrorCode`] from a table of variant, status and name.
macro_rules! error_codes {
    ($($variant:ident: $status:literal, $name:literal;)*) => {
        /// The kind of error that an answer reports.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum ErrorCode {
            $($variant,)*
        }

        impl ErrorCode {
            /// All codes, by status.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The name in the answer's `code`.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// The HTTP status of the answer.
            pub fn status(self) -> u16 {
                match self {
                    $(Self::$variant => $status,)*
                }
            }
        }
    };
}

error_codes! {
    BadRequest: 400, "bad-request";
    BadJson: 400, "bad-json";
    PinNeeded: 401, "pin-needed";
    WrongPin: 401, "wrong-pin";
    NotAllowed: 403, "not-allowed";
    CrossSite: 403, "cross-site";
    HostNotAllowed: 403, "host-not-allowed";
    NotFound: 404, "not-found";
    MethodNotAllowed: 405, "method-not-allowed";
    RequestTimeout: 408, "request-timeout";
    QueueEmpty: 409, "queue-empty";
    NobodyServed: 409, "nobody-attended";
    WrongState: 409, "wrong-state";
    DeskMovedOn: 409, "desk-moved-on";
    DeskInUse: 409, "desk-in-use";
    DeskClosed: 409, "desk-closed";
    QueueFull: 409, "queue-full";
    ServiceClosed: 409, "service-closed";
    ServiceInUse: 409, "service-in-use";
    PriorityInUse: 409, "priority-in-use";
    OfficeInUse: 409, "office-in-use";
    NoNumberLeft: 409, "no-number-left";
    NothingToUndo: 409, "nothing-to-undo";
    NoPrinter: 409, "no-printer";
    NoBackupFolder: 409, "no-backup-folder";
    NoPins: 409, "no-pins";
    LastWayIn: 409, "last-way-in";
    SignedInElsewhere: 409, "signed-in-elsewhere";
    BodyTooLarge: 413, "body-too-large";
    AddressTooLong: 414, "head-too-large";
    UnsupportedMediaType: 415, "unsupported-media-type";
    NoSuchRange: 416, "no-such-range";
    Invalid: 422, "invalid";
    UnknownService: 422, "unknown-service";
    UnknownPriority: 422, "unknown-priority";
    UpgradeRequired: 426, "upgrade-required";
    TooManyRequests: 429, "too-many-requests";
    HeadTooLarge: 431, "head-too-large";
    StorageUnavailable: 503, "storage-unavailable";
    TooManyConnections: 503, "too-many-connections";
    PrinterFailing: 503, "printer-failing";
    Busy: 503, "busy";
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_api_description_lists_every_code_and_status_and_no_other() {
        let description = include_str!("../../../html/reference/openapi.json");
        let description: serde_json::Value = serde_json::from_str(description).expect("JSON");
        let fields = &description["components"]["schemas"]["Problem"]["properties"];
        let listed = |field: &str| -> BTreeSet<String> {
            let values = fields[field]["enum"].as_array().expect("a list");
            values.iter().map(|value| value.to_string()).collect()
        };
        let codes = ErrorCode::ALL
            .iter()
            .map(|code| format!("{:?}", code.as_str()));
        assert_eq!(listed("code"), codes.collect());
        let statuses = ErrorCode::ALL.iter().map(|code| code.status().to_string());
        assert_eq!(listed("status"), statuses.collect());
    }
}
