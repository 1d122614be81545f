//! The only SQL of this slice.

mod audit;
mod batch;
mod read;
mod write;

pub use audit::{Violation, audit};
pub use batch::{
    HeadOfLine, Known, NewJoin, Promotion, begin_batch, heads_of_lines, known, live, lock_events, promote, write,
};
pub use read::{ParticipantRow, Standing, When, event, my_joins, participants, places_of, standing};
pub use write::{
    NewOverbooking, begin, end_all, forget, insert_event, lapsed_holds, lock_event, pass_over, record_overbooking,
    save_event, save_person,
};
