//! The rules of an event's life. Pure: no clock, no database.

mod fields;
mod life;
mod orphan;
mod registration;
mod text;
mod time;

pub use fields::{Capacity, Language, Latitude, Longitude, Timezone, WallClock, WallTime, WebUrl, Whole};
pub use life::{Action, Details, Event, News, Refusal, Step};
pub use registration::{plan as plan_registration, same_rules};
pub use text::slug;
pub use time::{Bounds, Schedule, TimeError, instant};
