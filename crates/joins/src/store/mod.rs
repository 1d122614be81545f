//! The only SQL of this slice.

mod audit;
mod read;
mod write;

pub use audit::{Violation, audit};
pub use read::{ParticipantRow, Standing, When, event, my_joins, participants, places_of, standing};
pub use write::{
    Live, NewJoin, NewOverbooking, Remembered, begin, end, end_all, forget, head_of_line, insert_event, insert_join,
    known_and_live, lapsed_holds, lock_event, promote, record_overbooking, remember, save_event, save_person,
};
