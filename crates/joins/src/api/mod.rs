//! HTTP.

mod bans;
mod desk;
mod door;
mod internal;
mod invitations;
mod organise;
mod participants;
mod place;

use platform::{identity::Identity, problem::Problem};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{State, domain::Event};

pub use internal::routes as internal;

/// Public operations.
pub fn api() -> OpenApiRouter<State> {
    OpenApiRouter::new()
        .routes(routes!(place::join))
        .routes(routes!(place::leave))
        .routes(routes!(place::claim))
        .routes(routes!(place::keep))
        .routes(routes!(place::answer))
        .routes(routes!(place::participation))
        .routes(routes!(place::my_joins))
        .routes(routes!(participants::list))
        .routes(routes!(participants::csv))
        .routes(routes!(desk::decisions))
        .routes(routes!(desk::timeline))
        .routes(routes!(desk::outlook))
        .routes(routes!(desk::sent, desk::write))
        .routes(routes!(door::ticket))
        .routes(routes!(door::show))
        .routes(routes!(door::list, door::send))
        .routes(routes!(door::walk_in))
        .routes(routes!(door::stewards, door::become_steward))
        .routes(routes!(door::link))
        .routes(routes!(door::remove_steward))
        .routes(routes!(invitations::list, invitations::create))
        .routes(routes!(invitations::revoke))
        .routes(routes!(organise::approve))
        .routes(routes!(organise::reject))
        .routes(routes!(organise::remove))
        .routes(routes!(organise::ban))
        .routes(routes!(organise::unban))
        .routes(routes!(bans::list))
        .routes(routes!(organise::admit))
}

/// An event that joins knows.
async fn known_event(state: &State, id: contracts::EventId) -> Result<Event, Problem> {
    crate::store::event(&state.desk.pool, id).await?.ok_or_else(Problem::not_found)
}

/// Whether an event's places are this person's to decide about.
fn manages(event: &Event, identity: &Identity) -> bool {
    event.organiser_id == identity.user_id || identity.is_moderator()
}

/// An event whose participants this person may see.
async fn managed_event(state: &State, id: contracts::EventId, identity: &Identity) -> Result<Event, Problem> {
    let event = known_event(state, id).await?;
    if manages(&event, identity) {
        return Ok(event);
    }
    // A draft is not even there for others.
    Err(if event.status == contracts::events::EventStatus::Draft {
        Problem::not_found()
    } else {
        Problem::new(platform::problem::FORBIDDEN).detail("Only the event's organiser sees who comes.")
    })
}
