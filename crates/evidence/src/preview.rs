//! A small picture of an image, for looking without downloading: decoded under limits, made
//! smaller, written anew as JPEG, so that nothing of the original but its look is in it. The
//! original itself is never shown, never re-encoded and never changed.

use std::io::Cursor;

use domain::evidence::FileKind;
use image::codecs::jpeg::{JpegDecoder, JpegEncoder};
use image::codecs::png::PngDecoder;
use image::{DynamicImage, ImageDecoder, Limits};

/// The longer side at most, in pixels: a screen's height.
const SIDE_MAX: u32 = 1_280;

/// The longer side of an original at most: a decoder must not be led to a strip of a billion rows.
const ORIGINAL_SIDE_MAX: u32 = 20_000;

/// Memory for decoding one image: 32 million pixels of three bytes. Larger ones have no preview.
const MEMORY_BYTES_MAX: u64 = 96 << 20;

/// JPEG's own scale: below 75 writing on a photographed page blurs.
const QUALITY: u8 = 80;

/// The picture, or nothing where the image cannot be decoded within the limits.
pub(crate) fn make(kind: FileKind, bytes: &[u8]) -> Option<Vec<u8>> {
    let limits = limits();
    match kind {
        FileKind::Png => shrunk(PngDecoder::with_limits(Cursor::new(bytes), limits).ok()?),
        FileKind::Jpeg => shrunk(JpegDecoder::new(Cursor::new(bytes)).ok()?),
        FileKind::Pdf => None,
    }
}

fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.max_image_width = Some(ORIGINAL_SIDE_MAX);
    limits.max_image_height = Some(ORIGINAL_SIDE_MAX);
    limits.max_alloc = Some(MEMORY_BYTES_MAX);
    limits
}

fn shrunk(mut decoder: impl ImageDecoder) -> Option<Vec<u8>> {
    if decoder.total_bytes() > MEMORY_BYTES_MAX {
        return None;
    }
    decoder.set_limits(limits()).ok()?;
    let orientation = decoder.orientation().ok();
    let mut image = DynamicImage::from_decoder(decoder).ok()?;
    if image.width().max(image.height()) > SIDE_MAX {
        image = image.thumbnail(SIDE_MAX, SIDE_MAX);
    }
    if let Some(orientation) = orientation {
        image.apply_orientation(orientation);
    }
    let mut out = Vec::new();
    image.to_rgb8().write_with_encoder(JpegEncoder::new_with_quality(&mut out, QUALITY)).ok()?;
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::ImageFormat;

    fn png(width: u32, height: u32) -> Vec<u8> {
        let mut file = Cursor::new(Vec::new());
        DynamicImage::new_rgba8(width, height)
            .write_to(&mut file, ImageFormat::Png)
            .expect("a PNG");
        file.into_inner()
    }

    fn size_of(kind: FileKind, bytes: &[u8]) -> Option<(u32, u32)> {
        let made = make(kind, bytes)?;
        let image = image::load_from_memory_with_format(&made, ImageFormat::Jpeg).ok()?;
        Some((image.width(), image.height()))
    }

    #[test]
    fn pictures_are_made_smaller_and_never_larger() {
        assert_eq!(size_of(FileKind::Png, &png(2_560, 640)), Some((1_280, 320)));
        assert_eq!(size_of(FileKind::Png, &png(30, 40)), Some((30, 40)));
        let jpeg = make(FileKind::Png, &png(30, 40)).expect("a JPEG");
        assert_eq!(size_of(FileKind::Jpeg, &jpeg), Some((30, 40)));
    }

    #[test]
    fn a_bomb_and_a_wreck_have_none() {
        let mut bomb = png(8, 8);
        bomb[16..24].copy_from_slice(&[0, 0, 0x1f, 0x40, 0, 0, 0x1f, 0x40]);
        assert_eq!(make(FileKind::Png, &bomb), None, "8,000 by 8,000 needs 256 MB");
        let whole = png(100, 100);
        assert_eq!(make(FileKind::Png, &whole[..whole.len() / 2]), None);
        assert_eq!(make(FileKind::Jpeg, &whole), None, "not what it is called");
        assert_eq!(make(FileKind::Pdf, b"%PDF-1.4"), None);
    }
}
