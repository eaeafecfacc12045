//! Reads `docs/rights.md` and holds the code to it: the one table of roles and rights.

use domain::{Right, Role};

#[test]
fn every_role_has_the_rights_on_the_page() {
    let page = include_str!("../../../docs/rights.md");
    let cells = |line: &str| -> Vec<String> {
        let line = line.trim().trim_start_matches('|').trim_end_matches('|');
        line.split('|').map(|cell| cell.trim().trim_matches('`').to_owned()).collect()
    };
    let mut rows = page.lines().skip_while(|line| !line.starts_with("| right ")).map(cells);
    let head = rows.next().expect("the head of the table");
    let roles: Vec<&str> = Role::ALL.iter().map(|role| role.word()).collect();
    assert_eq!(head[2..], roles);
    let rows: Vec<Vec<String>> = rows.skip(1).take(Right::ALL.len()).collect();
    for (row, right) in rows.iter().zip(Right::ALL) {
        assert_eq!(row[0], right.word());
        for (cell, role) in row[2..].iter().zip(Role::ALL) {
            let on_page = match cell.as_str() {
                "yes" => true,
                "" => false,
                other => panic!("{}: {other}", right.word()),
            };
            assert_eq!(role.may(right), on_page, "{} as {}", right.word(), role.word());
        }
    }
    assert_eq!(rows.len(), Right::ALL.len());
}
