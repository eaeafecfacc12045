//! The native API: the first line is a method and a path with its query, the rest is the body. No
//! request by itself makes a fault of ours, and every refusal says why.

#![no_main]

use std::sync::LazyLock;

use fuzz::House;
use libfuzzer_sys::fuzz_target;

static HOUSE: LazyLock<House> = LazyLock::new(House::new);

fuzz_target!(|input: &[u8]| {
    let (line, body) = fuzz::cut(input);
    let Some((method, path)) =
        line.iter().position(|byte| *byte == b' ').map(|at| line.split_at(at))
    else {
        return;
    };
    let Ok(method) = std::str::from_utf8(method) else { return };
    // Only what begins as our paths do: other dialects answer in other forms.
    if !path.starts_with(b" /api/v1/") {
        return;
    }
    let Some((status, body)) = HOUSE.ask(method, &path[1..], body) else { return };
    fuzz::no_fault_of_ours(status, &body);
});
