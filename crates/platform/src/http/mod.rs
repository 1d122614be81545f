//! How requests are read and answers are shaped, the same in every role. Whatever cannot be read is a problem that names the field.

mod body;
mod context;
mod etag;
mod page;
mod server;
mod text;

pub use ::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};

pub use body::{Json, Path, Query};
pub use context::{ClientAddr, REQUEST_ID, request_context};
pub use etag::{ETag, IfMatch, not_modified};
pub use page::{Cursor, Limit, Page, PageQuery};
pub use server::{Server, connections_allowed};
pub use text::{Line, Text, TextError, is_blank};
