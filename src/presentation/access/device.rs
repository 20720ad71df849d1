//! The device cookie: it proves that a browser has signed in here before. It gives no rights; it only
//! decides whose tokens a wrong PIN takes.
//!
//! Nothing is stored. The value is a random id with a keyed hash of that id, and the key is the hash
//! of the PIN that was entered. So the cookie outlives a restart, and a new PIN makes it void. The
//! stored PIN hash has a random salt of 128 bits, so the cookie does not help to find the PIN.

use super::secret::{self, NoRandomness};
use crate::access::PinHash;

/// The cookie's name.
pub const DEVICE_COOKIE: &str = "turnero-device";

/// Keeps this use of the PIN hash apart from any other.
const PURPOSE: &str = "device-cookie";

/// The id of a device that has signed in before.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DeviceId(String);

impl DeviceId {
    /// The device that a cookie's value proves; `None` if this server did not make the value, or if
    /// the PIN has changed since.
    pub fn verify<'a>(value: &str, pins: impl IntoIterator<Item = &'a PinHash>) -> Option<Self> {
        let (id, _) = value.split_once('.')?;
        let made = secret::hash(value);
        let proves = |pin: &PinHash| secret::same(&secret::hash(&signed(id, pin)), &made);
        pins.into_iter().any(proves).then(|| Self(id.to_owned()))
    }
}

/// A new value for a device that has just signed in with `pin`.
pub fn make_cookie(pin: &PinHash) -> Result<String, NoRandomness> {
    Ok(signed(&secret::make()?, pin))
}

fn signed(id: &str, pin: &PinHash) -> String {
    format!("{id}.{}", secret::derive(&pin.hash, &[PURPOSE, id]))
}

#[cfg(test)]
mod tests {
    use super::*;

    impl DeviceId {
        /// Some device, for tests.
        pub fn example(n: u32) -> Self {
            Self(n.to_string())
        }
    }

    fn pin(n: u8) -> PinHash {
        PinHash {
            salt: [n; 16],
            hash: [n; 32],
            memory_kib: 8,
            passes: 1,
        }
    }

    #[test]
    fn only_a_cookie_made_with_a_pin_of_today_proves_a_device() {
        let pins = [pin(1), pin(2)];
        let value = make_cookie(&pin(2)).expect("made");
        let device = DeviceId::verify(&value, &pins).expect("made here");
        assert_eq!(DeviceId::verify(&value, &pins), Some(device.clone()));
        let another = make_cookie(&pin(2)).expect("made");
        assert_ne!(DeviceId::verify(&another, &pins), Some(device));
        assert_eq!(
            DeviceId::verify(&value, &pins[..1]),
            None,
            "the PIN changed"
        );
        let other_id = format!("x{value}");
        let cut = &value[..value.len() - 1];
        for bad in ["", ".", "x", &other_id, cut] {
            assert_eq!(DeviceId::verify(bad, &pins), None, "{bad}");
        }
    }
}
