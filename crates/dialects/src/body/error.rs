//! What can be wrong with a body, as a closed list. The words for it are each dialect's; the
//! status is HTTP's and the same for all.

use http::StatusCode;

/// Why a body has no fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BodyError {
    /// Over the cap.
    TooLarge {
        /// The cap in bytes.
        max: usize,
    },
    /// It did not arrive in time.
    TooSlow,
    /// It ended early, or its framing was broken.
    BrokenOff,
    /// It is compressed.
    Encoded,
    /// A content type that is no JSON and no form, or two of them.
    UnsupportedType,
    /// A character set other than UTF-8.
    UnsupportedCharset,
    /// Bytes that are no UTF-8.
    NotUtf8,
    /// No JSON.
    BadJson {
        /// Line of the fault, from 1.
        line: usize,
        /// Column of the fault, from 1; 0 at a line's end.
        column: usize,
    },
    /// A JSON array: one object per request.
    ArrayBody,
    /// JSON, but neither an object nor an array.
    NotAnObject,
    /// A JSON object that has a name twice, at whatever depth.
    DuplicateKey {
        /// The name.
        name: String,
    },
    /// JSON nested deeper than 16.
    TooDeep,
    /// A NUL character, which no field may have and PostgreSQL cannot store.
    NulCharacter,
    /// More than 256 values.
    TooManyFields,
    /// A name of more than 128 bytes.
    NameTooLong,
    /// No multipart body: a missing boundary, an unfinished part, a part without a name.
    BadMultipart,
    /// A file in a multipart body.
    FilePart {
        /// The part's name.
        name: String,
    },
}

impl BodyError {
    /// The status HTTP has for it.
    pub const fn status(&self) -> StatusCode {
        match self {
            Self::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::Encoded | Self::UnsupportedType | Self::UnsupportedCharset => {
                StatusCode::UNSUPPORTED_MEDIA_TYPE
            }
            Self::BrokenOff
            | Self::NotUtf8
            | Self::BadJson { .. }
            | Self::ArrayBody
            | Self::NotAnObject
            | Self::DuplicateKey { .. }
            | Self::TooDeep
            | Self::NulCharacter
            | Self::TooManyFields
            | Self::NameTooLong
            | Self::BadMultipart
            | Self::FilePart { .. } => StatusCode::BAD_REQUEST,
        }
    }

    /// A stable name for logs and metrics.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "too_large",
            Self::TooSlow => "too_slow",
            Self::BrokenOff => "broken_off",
            Self::Encoded => "encoded",
            Self::UnsupportedType => "unsupported_type",
            Self::UnsupportedCharset => "unsupported_charset",
            Self::NotUtf8 => "not_utf8",
            Self::BadJson { .. } => "bad_json",
            Self::ArrayBody => "array_body",
            Self::NotAnObject => "not_an_object",
            Self::DuplicateKey { .. } => "duplicate_key",
            Self::TooDeep => "too_deep",
            Self::NulCharacter => "nul_character",
            Self::TooManyFields => "too_many_fields",
            Self::NameTooLong => "name_too_long",
            Self::BadMultipart => "bad_multipart",
            Self::FilePart { .. } => "file_part",
        }
    }
}
