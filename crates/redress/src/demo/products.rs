//! The products that the demo's payers buy: codes of the IIMMPACT contract (sections 6.1, 6.2 and
//! 7), with the kind of account each is paid to and the amounts that are usual.

/// What is paid to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountKind {
    /// A Malaysian mobile number: 01 and eight digits.
    Mobile,
    /// An account at a biller, of so many digits.
    Digits(usize),
    /// A biller's code and a reference, as JomPAY has them.
    Reference,
}

/// How amounts are chosen, in minor units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Amounts {
    /// One of these.
    Fixed(&'static [i64]),
    /// Any from the first to the second.
    Bill(i64, i64),
}

/// One product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Product {
    /// Its code.
    pub code: &'static str,
    /// Who carries payments out.
    pub provider: &'static str,
    /// What is paid to.
    pub account: AccountKind,
    /// Usual amounts.
    pub amounts: Amounts,
    /// How often it is bought, against the others.
    pub weight: u64,
}

const fn product(
    code: &'static str,
    provider: &'static str,
    account: AccountKind,
    amounts: Amounts,
    weight: u64,
) -> Product {
    Product { code, provider, account, amounts, weight }
}

use AccountKind::{Digits, Mobile, Reference};
use Amounts::{Bill, Fixed};

const TOPUP: Amounts = Fixed(&[500, 1_000, 1_500, 2_000, 3_000, 5_000, 10_000]);
const PLAN: Amounts = Fixed(&[100, 300, 600, 1_200, 3_500, 4_000]);
const POSTPAID: Amounts = Bill(2_800, 19_800);
const PIN: Amounts = Fixed(&[1_000, 3_000, 5_000]);
const WATER: Amounts = Bill(600, 12_000);
const COUNCIL: Amounts = Bill(1_000, 60_000);

/// All of them.
#[rustfmt::skip]
pub const PRODUCTS: [Product; 41] = [
    product("D", "Digi", Mobile, TOPUP, 120),
    product("TNB", "Tenaga Nasional", Digits(12), Bill(1_500, 45_000), 110),
    product("JOMPAY", "JomPAY", Reference, Bill(1_000, 80_000), 60),
    product("PTPTN", "PTPTN", Digits(12), Bill(5_000, 30_000), 25),
    product("GC", "Gift cards", Mobile, Fixed(&[2_000, 5_000, 10_000, 20_000]), 30),
    product("CEL", "Celcom", Mobile, PLAN, 25),
    product("DI", "Digi", Mobile, PLAN, 30),
    product("HI", "Hotlink", Mobile, PLAN, 35),
    product("UMI", "U Mobile", Mobile, PLAN, 25),
    product("TI", "Tune Talk", Mobile, PLAN, 10),
    product("OXI", "XOX", Mobile, PLAN, 8),
    product("YESI", "Yes", Mobile, PLAN, 6),
    product("CB", "Celcom", Mobile, POSTPAID, 25),
    product("DB", "Digi", Mobile, POSTPAID, 25),
    product("MB", "Maxis", Mobile, POSTPAID, 30),
    product("RB", "redONE", Mobile, POSTPAID, 12),
    product("UB", "U Mobile", Mobile, POSTPAID, 15),
    product("XB", "XOX", Mobile, POSTPAID, 6),
    product("YESB", "Yes", Mobile, POSTPAID, 6),
    product("C", "Celcom", Mobile, TOPUP, 30),
    product("M", "Maxis", Mobile, TOPUP, 35),
    product("CP", "Celcom", Mobile, PIN, 8),
    product("DP", "Digi", Mobile, PIN, 10),
    product("MP", "Maxis", Mobile, PIN, 10),
    product("UP", "U Mobile", Mobile, PIN, 8),
    product("SYABAS", "Air Selangor", Digits(10), WATER, 35),
    product("ASKB", "Air Kelantan", Digits(10), WATER, 8),
    product("SESB", "Sabah Electricity", Digits(12), Bill(1_500, 30_000), 20),
    product("PAIP", "Air Pahang", Digits(10), WATER, 8),
    product("ASB", "Air Melaka", Digits(9), WATER, 8),
    product("PWB", "Penang water", Digits(9), WATER, 10),
    product("KWB", "Kuching water", Digits(9), WATER, 6),
    product("SAJ", "Ranhill SAJ", Digits(10), WATER, 14),
    product("SADA", "Kedah water", Digits(9), WATER, 8),
    product("SAINS", "Negeri Sembilan water", Digits(9), WATER, 8),
    product("IW", "Indah Water", Digits(8), Bill(800, 4_800), 25),
    product("RO", "Road charges", Digits(9), Bill(2_000, 9_000), 5),
    product("MDKL", "Kuala Langat council", Digits(9), COUNCIL, 4),
    product("MPSS", "Council MPSS", Digits(9), COUNCIL, 4),
    product("MPSJ", "Subang Jaya council", Digits(9), COUNCIL, 6),
    product("U", "U Mobile", Mobile, TOPUP, 20),
];
