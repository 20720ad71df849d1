//! Parts of a queue that do not fit together are refused.

use super::testing::two_lines;
use crate::domain::*;

#[test]
fn a_service_whose_numbers_cannot_be_given_is_refused() {
    let rows: [fn(&mut ServiceSetup); 2] = [
        |setup| setup.first = 0,
        |setup| (setup.first, setup.last) = (5, Some(4)),
    ];
    for change in rows {
        let mut parts = two_lines().parts();
        assert_eq!(parts.check(), Ok(()));
        change(&mut parts.services[1].setup);
        let wrong = parts.check().expect_err("it is refused");
        assert_eq!(wrong.field, "services[1].setup.first");
    }
}
