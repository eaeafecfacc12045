//! What customers write: real narratives when `REDRESS_TEST_DATA` names the folder of public data
//! (narratives published by the United States' Consumer Financial Protection Bureau), and sentences
//! of our own, in the languages of our users, in any case.

use std::path::PathBuf;

/// Names the folder.
const FOLDER: &str = "REDRESS_TEST_DATA";

/// Sentences of our own.
pub const OURS: [&str; 12] = [
    "I paid my electricity bill twice and only one payment shows.",
    "The top-up was charged but the voucher PIN never came, reference TX-2026/0042.",
    "Saya sudah membayar bil TNB tetapi bayaran belum diterima, tolong pulangkan wang saya.",
    "Pembayaran gagal namun akaun saya tetap didebitkan.",
    "मैंने बिजली का बिल भर दिया लेकिन भुगतान विफल दिखा रहा है, पैसे वापस करें।",
    "खाते से ५०० रुपये कट गए पर रिचार्ज नहीं हुआ।",
    "Me cobraron dos veces la misma transacción y quiero el reembolso de lo cobrado.",
    "La señora de atención al cliente no encontró mi reclamación.",
    "我付了两次电费，请退款。",
    "充值失败但是钱已经扣了",
    "பணம் கழிக்கப்பட்டது ஆனால் ரீசார்ஜ் ஆகவில்லை.",
    "Call me at ann.lee@example.test, account 2200-1234-513, don't send SMS.",
];

/// So many texts: ours first, then real ones when they are there, else pairs of ours.
pub fn narratives(most: usize) -> Vec<String> {
    let mut texts: Vec<String> = OURS.iter().map(|&text| text.to_owned()).collect();
    if let Some(folder) = std::env::var_os(FOLDER) {
        let path = PathBuf::from(folder).join("cfpb/product_train.csv");
        let mut rows = csv::Reader::from_path(&path).expect("the public data are there");
        let left = most.saturating_sub(texts.len());
        let read = rows.records().take(left);
        texts.extend(read.map(|row| row.expect("a row").get(0).unwrap_or_default().to_owned()));
    }
    for number in 0..most.saturating_sub(texts.len()) {
        let (one, other) = (number % OURS.len(), number / OURS.len());
        texts.push(format!("{} {}", OURS[one], OURS[(one + other + 1) % OURS.len()]));
    }
    texts.truncate(most);
    texts
}
