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

/// Whether these bytes are a picture that decodes: for tests of what was made.
#[cfg(test)]
pub(crate) fn size_of(bytes: &[u8]) -> Option<(u32, u32)> {
    let reader = image::ImageReader::new(Cursor::new(bytes)).with_guessed_format().ok()?;
    let image = reader.decode().ok()?;
    Some((image.width(), image.height()))
}
