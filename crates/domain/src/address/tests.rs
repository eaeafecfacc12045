//! Which texts are addresses, as tables.

use proptest::prelude::*;

use super::{Address, AddressError as E, Recipients};

#[test]
fn these_are_addresses() {
    let longest_local = format!("{}@b.example", "a".repeat(64));
    let longest_label = format!("a@{}.example", "b".repeat(63));
    let tail = format!("{0}.{0}.{1}", "b".repeat(63), "b".repeat(61));
    let longest = format!("{}@{tail}", "a".repeat(254 - 1 - tail.len()));
    assert_eq!(longest.len(), 254);
    for text in [
        "a@b.example",
        "A.B@B.Example",
        "ann+case-7@mail.b.example",
        "o'brien@b.example",
        "!#$%&'*+-/=?^_`{|}~@b.example",
        "1@1.example",
        "a@1a.2b",
        "a@xn--bcher-kva.example",
        "a@b.xn--p1ai",
        "a_b@b.co",
        "-@b.example",
        longest_local.as_str(),
        longest_label.as_str(),
        longest.as_str(),
    ] {
        let address = Address::parse(text).unwrap_or_else(|why| panic!("{text:?}: {why}"));
        assert_eq!(address.as_str(), text);
        assert_eq!(format!("{}@{}", address.local(), address.host()), text);
    }
}

#[test]
fn these_are_not() {
    let long_local = format!("{}@b.example", "a".repeat(65));
    let long_label = format!("a@{}.example", "b".repeat(64));
    let long = format!("a@{}example", "b.".repeat(130));
    for (text, why) in [
        ("", E::Empty),
        (" ", E::Character(' ')),
        (" a@b.example", E::Character(' ')),
        ("a@b.example ", E::Character(' ')),
        ("a@b.example\n", E::Character('\n')),
        ("a@b.example\r\nBcc: x@y.example", E::Character('\r')),
        ("a@b.example\0", E::Character('\0')),
        ("a\t@b.example", E::Character('\t')),
        ("a\u{7f}@b.example", E::Character('\u{7f}')),
        ("jörg@b.example", E::Character('ö')),
        ("a@bücher.example", E::Character('ü')),
        ("a@b.example\u{200b}", E::Character('\u{200b}')),
        ("a\u{ff20}b.example", E::Character('\u{ff20}')),
        ("ab.example", E::NoAt),
        ("a@@b.example", E::SecondAt),
        ("a@b@c.example", E::SecondAt),
        ("@b.example", E::LocalEmpty),
        ("a@", E::HostEmpty),
        ("@", E::LocalEmpty),
        (".a@b.example", E::LocalDots),
        ("a.@b.example", E::LocalDots),
        ("a..b@b.example", E::LocalDots),
        ("\"a\"@b.example", E::LocalCharacter('"')),
        ("a,b@b.example", E::LocalCharacter(',')),
        ("a;b@b.example", E::LocalCharacter(';')),
        ("a:b@b.example", E::LocalCharacter(':')),
        ("a(b)@b.example", E::LocalCharacter('(')),
        ("a[b@b.example", E::LocalCharacter('[')),
        ("a\\b@b.example", E::LocalCharacter('\\')),
        ("<a@b.example>", E::LocalCharacter('<')),
        ("a@b.example>", E::HostCharacter('>')),
        ("a@b.example,c.example", E::HostCharacter(',')),
        ("a@[192.0.2.1]", E::HostCharacter('[')),
        ("a@b_c.example", E::HostCharacter('_')),
        ("a@b.example:25", E::HostCharacter(':')),
        ("a@localhost", E::HostWithoutDot),
        ("a@.example", E::HostLabel),
        ("a@b.example.", E::HostLabel),
        ("a@b..example", E::HostLabel),
        ("a@-b.example", E::HostLabel),
        ("a@b-.example", E::HostLabel),
        ("a@192.0.2.1", E::HostNumeric),
        ("a@b.1", E::HostNumeric),
        (long_local.as_str(), E::LocalTooLong),
        (long_label.as_str(), E::HostLabel),
        (long.as_str(), E::TooLong),
    ] {
        assert_eq!(Address::parse(text).err(), Some(why), "{text:?}");
        assert!(!why.to_string().contains(['\r', '\n', '\0']), "{text:?} leaks into its sentence");
    }
}

#[test]
fn spellings_of_one_mailbox_compare_equal() {
    let one = Address::parse("Ann.Lee@B.Example").expect("an address");
    let two = Address::parse("ann.lee@b.example").expect("an address");
    assert_ne!(one, two);
    assert_eq!(one.comparable(), two.comparable());
    assert_eq!(one.to_string(), "Ann.Lee@B.Example");
}

#[test]
fn tags_are_not_counted_as_people() {
    for (text, counted) in [
        ("Ann@B.example", "ann@b.example"),
        ("Ann+1@b.example", "ann@b.example"),
        ("ann+1+2@b.example", "ann@b.example"),
        ("ann+@b.example", "ann@b.example"),
        ("+ann@b.example", "+ann@b.example"),
        ("a.n-n@b.example", "a.n-n@b.example"),
    ] {
        assert_eq!(Address::parse(text).expect("an address").without_tag(), counted);
    }
}

#[test]
fn debugging_output_names_no_person() {
    let address = Address::parse("ann.lee@b.example").expect("an address");
    assert_eq!(format!("{address:?}"), "Address(…@b.example)");
}

#[test]
fn the_first_named_is_to_the_rest_and_the_account_read_along() {
    for (named, registered, wanted) in [
        ("", "ops@m.example", "ops@m.example"),
        ("a@b.example", "ops@m.example", "a@b.example | ops@m.example"),
        ("a@b.example c@d.example", "ops@m.example", "a@b.example | c@d.example ops@m.example"),
        ("a@b.example A@B.EXAMPLE", "ops@m.example", "a@b.example | ops@m.example"),
        ("a@b.example ops@M.example", "ops@m.example", "a@b.example | ops@M.example"),
        ("Ops@m.example", "ops@m.example", "Ops@m.example"),
        ("a@b.example c@d.example C@d.example", "a@b.example", "a@b.example | c@d.example"),
    ] {
        let parse = |text| Address::parse(text).expect("an address");
        let named: Vec<Address> = named.split_whitespace().map(parse).collect();
        let got = Recipients::of(&named, &parse(registered));
        let cc: Vec<&str> = got.cc.iter().map(Address::as_str).collect();
        let shown = format!("{} | {}", got.to, cc.join(" "));
        assert_eq!(shown.trim_end_matches(" | "), wanted);
        assert_eq!(got.all().count(), 1 + got.cc.len());
    }
}

proptest! {
    #[test]
    fn no_text_makes_it_panic_and_none_that_passes_can_break_a_header(text in ".{0,300}") {
        if let Ok(address) = Address::parse(&text) {
            prop_assert!(address.as_str().bytes().all(|b| b.is_ascii_graphic()));
            prop_assert_eq!(address.as_str().matches('@').count(), 1);
            prop_assert!(!address.as_str().contains(['"', '<', '>', ',', ';', ':', '(', ')']));
        }
    }

    #[test]
    fn every_ordinary_address_passes(
        local in "[a-z0-9_+-]{1,20}(\\.[a-z0-9]{1,10}){0,3}",
        host in "([a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?\\.){1,4}[a-z]{2,10}",
    ) {
        let text = format!("{local}@{host}");
        prop_assert!(Address::parse(&text).is_ok(), "{}", text);
    }
}
