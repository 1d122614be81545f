//! The rules of an event's life. Pure: no clock, no database.

mod fields;
mod life;
mod orphan;
mod text;
mod time;

pub use fields::{Capacity, Language, Latitude, Longitude, Timezone, WallTime, WebUrl};
pub use life::{Action, Details, Event, News, Refusal, Step};
pub use text::slug;
pub use time::{Bounds, Schedule, TimeError, instant};
