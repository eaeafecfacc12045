//! Cursors: whatever a caller gives for one, each list answers with a page or names the cursor as
//! wrong. The input's first byte chooses the list.

#![no_main]

use std::sync::LazyLock;

use fuzz::House;
use libfuzzer_sys::fuzz_target;

static HOUSE: LazyLock<House> = LazyLock::new(House::new);

/// Every list that has a cursor.
const LISTS: &[&str] = &[
    "/api/v1/cases",
    "/api/v1/transactions",
    "/api/v1/search",
    "/api/v1/export/cases",
    "/api/v1/export/events",
    "/api/v1/export/transactions",
    "/api/v1/admin/history",
    "/api/v1/admin/reads",
];

fuzz_target!(|input: &[u8]| {
    let Some((first, cursor)) = input.split_first() else { return };
    let list = LISTS[usize::from(*first) % LISTS.len()];
    let cursor: String = form_urlencoded::byte_serialize(cursor).collect();
    let path = format!("{list}?limit=2&cursor={cursor}");
    let Some((status, body)) = HOUSE.ask("GET", path.as_bytes(), b"") else { return };
    fuzz::no_fault_of_ours(status, &body);
});
