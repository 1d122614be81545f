//! The only SQL of this slice.

mod audit;
mod desk;
mod door;
mod load;
mod read;
mod rows;
mod save;
mod write;

pub use audit::{RULES, Violation, audit};
pub use desk::{
    DecisionRow, SentMessage, audience, decisions, joins_of, message, messages, messages_of_a_day, no_show_percents,
    other_lines, save_message,
};
pub use door::{
    AtDoor, DoorCounts, Guest, NewScan, Outcome, Scan, ScanKind, Steward, become_steward, clear_arrival, door_counts,
    door_event, guests, insert_scan, is_steward, last_entry, lock_place, look_at_place, place, publish_ticket_key,
    remove_steward, scan, scans, set_inside, set_steward_link, stewards, ticket_keys, undo_last,
};
pub use load::{Known, absent, bans, begin_batch, due, invitations, known, lines, live, lock_events};
pub use read::{
    Filter, Forecast, Overlap, ParticipantRow, Standing, When, banned, event, forecast, invitations_of, is_banned,
    my_joins, overlaps, participants, places_of, standing,
};
pub use save::write;
pub use write::{
    NewOverbooking, adjust_deadlines, ask_to_reconfirm, begin, close_books, end_all, events_of, forget, forget_person,
    insert_event, lock_event, mark_open_told, open_to_claims, pass_over, pause_deadlines, record_overbooking,
    resume_deadlines, save_description, save_event, save_person, to_look_after, to_reconfirm, who_waits, write_closing,
};
