//! Files as tables: what each is taken for, and why others are not; the same whatever the pieces.

use domain::evidence::{FileKind, Flag};
use proptest::prelude::*;

use super::*;

fn png(width: u32, height: u32) -> Vec<u8> {
    let mut file = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".to_vec();
    file.extend_from_slice(&width.to_be_bytes());
    file.extend_from_slice(&height.to_be_bytes());
    file.extend_from_slice(&[8, 2, 0, 0, 0, 1, 2, 3, 4]);
    file.extend_from_slice(b"\0\0\0\x03IDATabc\0\0\0\0\0\0\0\0IEND\xae\x42\x60\x82");
    file
}

fn jpeg(width: u16, height: u16) -> Vec<u8> {
    let mut file = b"\xff\xd8\xff\xe0\x00\x06JFIF".to_vec();
    file.extend_from_slice(b"\xff\xc0\x00\x0b\x08");
    file.extend_from_slice(&height.to_be_bytes());
    file.extend_from_slice(&width.to_be_bytes());
    file.extend_from_slice(b"\x01\x01\x11\x00\xff\xda\x00\x03\x01ab\xff\x00c\xff\xd9");
    file
}

fn pdf(inside: &str) -> Vec<u8> {
    format!("%PDF-1.7\n1 0 obj << /Type /Catalog {inside} >> endobj\ntrailer <<>>\n%%EOF\n").into()
}

fn seen_in(name: &str, media_type: &str, bytes: &[u8], step: usize) -> Seen {
    let media_type = (!media_type.is_empty()).then(|| media_type.to_owned());
    let name = (!name.is_empty()).then(|| name.to_owned());
    let mut watch = Watch::new(Said { name, media_type });
    for piece in bytes.chunks(step) {
        watch.see(piece);
    }
    watch.end()
}

fn seen(name: &str, media_type: &str, bytes: &[u8]) -> Seen {
    seen_in(name, media_type, bytes, 7)
}

fn judged(name: &str, media_type: &str, bytes: &[u8]) -> Result<FileKind, FileFault> {
    let rules = Rules { file_bytes_max: 1_000, ..Rules::default() };
    judge([&seen(name, media_type, bytes)], &rules)
        .map(|kinds| kinds[0])
        .map_err(|refused| refused.fault)
}

#[test]
fn type_is_extension_declared_type_and_signature_together() {
    use FileFault::{NoName, WrongDeclaredType, WrongExtension, WrongSignature};
    let (png, jpeg, pdf) = (png(2, 2), jpeg(2, 2), pdf(""));
    for (name, media_type, bytes, want) in [
        ("a.png", "image/png", &png, Ok(FileKind::Png)),
        ("a.PNG", "IMAGE/PNG", &png, Ok(FileKind::Png)),
        ("a.png", "", &png, Ok(FileKind::Png)),
        ("a.png", "application/octet-stream", &png, Ok(FileKind::Png)),
        ("a.jpg", "image/jpg", &jpeg, Ok(FileKind::Jpeg)),
        ("a.jpeg", "image/jpeg", &jpeg, Ok(FileKind::Jpeg)),
        ("statement.pdf", "application/pdf", &pdf, Ok(FileKind::Pdf)),
        ("PDF.PDF", "", &pdf, Ok(FileKind::Pdf)),
        ("a.png", "image/jpg", &png, Err(WrongDeclaredType)),
        ("a.png", "text/html", &png, Err(WrongDeclaredType)),
        ("a.pdf", "application/pdf", &png, Err(WrongSignature)),
        ("a.png", "image/png", &pdf, Err(WrongSignature)),
        ("a.html", "image/png", &png, Err(WrongExtension)),
        ("a.png.exe", "image/png", &png, Err(WrongExtension)),
        ("png", "image/png", &png, Err(WrongExtension)),
        ("a.png.", "image/png", &png, Err(WrongExtension)),
        ("", "image/png", &png, Err(NoName)),
        ("..", "image/png", &png, Err(NoName)),
        ("\u{202e}", "image/png", &png, Err(NoName)),
    ] {
        assert_eq!(judged(name, media_type, bytes), want, "{name} {media_type}");
    }
    let html = b"<script>alert(1)</script>".to_vec();
    assert_eq!(judged("a.png", "image/png", &html), Err(WrongSignature));
    let late = [&b"\n"[..], &pdf].concat();
    assert_eq!(judged("a.pdf", "", &late), Err(WrongSignature), "not at the beginning");
}

#[test]
fn a_tenant_may_take_less() {
    let rules = Rules { kinds: vec![FileKind::Pdf], ..Rules::default() };
    let refused = judge([&seen("a.png", "", &png(1, 1))], &rules).expect_err("not taken");
    assert_eq!(refused.fault, FileFault::WrongExtension);
}

#[test]
fn faults_come_in_their_order_and_name_the_first_file() {
    let rules = Rules { file_bytes_max: 100, files_max: 3, ..Rules::default() };
    let file = |name: &str, bytes: &[u8]| seen(name, "", bytes);
    let good = png(2, 2);
    let long = [&good[..], &[0; 100]].concat();
    let check = |files: &[Seen]| judge(files, &rules).map_err(|why| (why.place, why.fault));
    let twice = [file("A.png", &good), file("dir/a.PNG", &good)];
    assert_eq!(check(&twice), Err((1, FileFault::NameTaken)));
    let fold = [file("straße.png", &good), file("STRASSE.png", &good)];
    assert_eq!(check(&fold), Err((1, FileFault::NameTaken)), "folded, not only lowered");
    let composed = [file("e\u{301}.png", &good), file("\u{e9}.png", &good)];
    assert_eq!(check(&composed), Err((1, FileFault::NameTaken)), "one in NFC");
    assert_eq!(check(&[file("a.png", &long)]), Err((0, FileFault::TooLarge)));
    assert_eq!(check(&[file("a.exe", &long)]), Err((0, FileFault::WrongExtension)), "type first");
    assert_eq!(check(&[file("a.png", &[])]), Err((0, FileFault::Empty)));
    let four: Vec<Seen> = (0..4).map(|n| file(&format!("{n}.png"), &good)).collect();
    assert_eq!(check(&four), Err((3, FileFault::TooMany)));
    assert_eq!(check(&four[..3]).map(|kinds| kinds.len()), Ok(3));
}

#[test]
fn names_are_cleaned_and_never_paths() {
    let clean = |said: &str| CleanName::of(said).map(|name| name.as_str().to_owned());
    for (said, want) in [
        ("x.png", "x.png"),
        ("../../etc/x.png", "x.png"),
        ("C:\\fotos\\x.png", "x.png"),
        ("x\0\r\n.png", "x.png"),
        ("\u{202e}gnp.exe", "gnp.exe"),
        (" a b.png ", "a b.png"),
        ("\u{feff}e\u{301}.png", "\u{e9}.png"),
        (".png", ".png"),
    ] {
        assert_eq!(clean(said).as_deref(), Some(want), "{said:?}");
    }
    for nothing in ["", "/", "a/", "..", "...", " ", "\u{200b}", "\0"] {
        assert_eq!(clean(nothing), None, "{nothing:?}");
    }
    let long = clean(&format!("{}.png", "é".repeat(300))).expect("a name");
    assert!(long.len() <= NAME_BYTES_MAX && long.ends_with("é.png"), "{long}");
    assert_eq!(clean(&"x".repeat(600)).map(|name| name.len()), Some(NAME_BYTES_MAX));
}

#[test]
fn bombs_are_known_by_their_header() {
    use FileFault::{NoDimensions, TooManyPixels};
    let bomb = |bytes: &[u8], name: &str| judged(name, "", bytes);
    assert_eq!(bomb(&png(8_000, 8_000), "a.png"), Ok(FileKind::Png), "64 million exactly");
    assert_eq!(bomb(&png(8_001, 8_000), "a.png"), Err(TooManyPixels));
    assert_eq!(bomb(&png(u32::MAX, u32::MAX), "a.png"), Err(TooManyPixels));
    assert_eq!(bomb(&png(0, 5), "a.png"), Err(NoDimensions));
    assert_eq!(bomb(&png(5, 5)[..20], "a.png"), Err(NoDimensions));
    assert_eq!(bomb(&jpeg(65_535, 65_535), "a.jpg"), Err(TooManyPixels));
    assert_eq!(bomb(&jpeg(0, 9), "a.jpg"), Err(NoDimensions));
    assert_eq!(bomb(b"\xff\xd8\xff\xe0\x00\x10", "a.jpg"), Err(NoDimensions));
    let mut wrong_first = png(5, 5);
    wrong_first[12..16].copy_from_slice(b"iTXt");
    assert_eq!(bomb(&wrong_first, "a.png"), Err(NoDimensions));
}

#[test]
fn a_frame_is_found_behind_whatever_stands_between_segments() {
    let frame = |width: u16| {
        let mut segment = b"\xff\xc2\x00\x0b\x08\x00\x10".to_vec();
        segment.extend_from_slice(&width.to_be_bytes());
        segment.extend_from_slice(b"\x01\x01\x11\x00");
        segment
    };
    let start = b"\xff\xd8\xff\xe0\x00\x04ab".to_vec();
    for (between, why) in [
        (b"".to_vec(), "nothing"),
        (b"garbage\x00\x01".to_vec(), "garbage"),
        (b"\xff\xff\xff".to_vec(), "fill bytes"),
        (b"\xff\x00\xff\xd0\xff\x01".to_vec(), "marks without a segment"),
        (b"\xff\xe1\x00\x00".to_vec(), "a segment shorter than its own length"),
        ([b"\xff\xe1\x00\x10".to_vec(), jpeg(9, 9)[..14].to_vec()].concat(), "a thumbnail"),
    ] {
        let file = [&start[..], &between, &frame(77), b"\xff\xd9"].concat();
        for step in [1, 2, 100] {
            let seen = seen_in("a.jpg", "", &file, step);
            assert_eq!(seen.dimensions, Some((77, 16)), "{why}, {step} at a time");
        }
    }
    let two = [&start[..], &frame(5), b"\xff\xda\x00\x02xy", &frame(999), b"\xff\xd9"].concat();
    assert_eq!(seen("a.jpg", "", &two).dimensions, Some((999, 16)), "the largest claim counts");
}

#[test]
fn pdf_names_are_flags() {
    let flags = |inside: &str| -> Vec<&str> {
        seen("a.pdf", "", &pdf(inside)).flags.iter().map(|flag| flag.word()).collect()
    };
    for (inside, want) in [
        ("", vec![]),
        ("/JavaScript (x)", vec!["javascript"]),
        ("/S/JS", vec!["javascript"]),
        ("/J#61vaScr#69pt", vec!["javascript"]),
        ("/#4a#53<<", vec!["javascript"]),
        ("/JavaScripts /XJS", vec![]),
        ("/Launch", vec!["launch"]),
        ("/EmbeddedFile", vec!["embedded-file"]),
        ("/OpenAction[", vec!["open-action"]),
        ("/AA<<", vec!["open-action"]),
        ("/RichMedia", vec!["active-content"]),
        ("/Encrypt 5 0 R", vec!["encrypted"]),
        ("/Filter/FlateDecode", vec!["compressed-parts-not-inspected"]),
        ("/Type/ObjStm", vec!["compressed-parts-not-inspected"]),
        (
            "/JS /Launch /EmbeddedFile /OpenAction /Encrypt /Filter",
            vec![
                "javascript",
                "launch",
                "embedded-file",
                "open-action",
                "encrypted",
                "compressed-parts-not-inspected",
            ],
        ),
    ] {
        assert_eq!(flags(inside), want, "{inside}");
    }
    assert!(seen("a.pdf", "", b"%PDF-1.7 /Launch").flags.contains(&Flag::Launch), "at the end");
}

#[test]
fn what_ends_early_or_goes_on_is_flagged() {
    let flags = |bytes: &[u8], name: &str| seen(name, "", bytes).flags.into_iter().collect();
    let check = |bytes: &[u8], name: &str, want: &[Flag]| {
        let found: Vec<Flag> = flags(bytes, name);
        assert_eq!(found, want, "{name} {} bytes", bytes.len());
    };
    for (file, name) in [(png(2, 2), "a.png"), (jpeg(2, 2), "a.jpg")] {
        check(&file, name, &[]);
        check(&[&file[..], b"%PDF-1.7"].concat(), name, &[Flag::MoreAfterTheEnd]);
        check(&file[..file.len() - 1], name, &[Flag::CutOff]);
    }
    check(&pdf(""), "a.pdf", &[]);
    check(b"%PDF-1.4 nothing", "a.pdf", &[Flag::CutOff]);
}

proptest! {
    #[test]
    fn pieces_do_not_matter_and_no_bytes_panic(
        kind in 0_usize..4,
        noise in prop::collection::vec(any::<u8>(), 0..400),
        step in 1_usize..50,
    ) {
        let head = [&b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR"[..], b"\xff\xd8\xff", b"%PDF-", b""][kind];
        let bytes = [head, &noise].concat();
        let whole = seen_in("a.png", "", &bytes, 4_096);
        prop_assert_eq!(whole, seen_in("a.png", "", &bytes, step));
    }
}
