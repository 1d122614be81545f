//! Live places by server-sent events: one hub a process, one channel an event, however many people watch it.

use std::{
    collections::HashMap,
    convert::Infallible,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    extract::State as Extract,
    response::{
        IntoResponse as _, Response, Sse,
        sse::{Event, KeepAlive},
    },
};
use contracts::{EventId, joins::Places};
use futures::{Stream, StreamExt as _};
use platform::{
    broadcast::News,
    http::{HeaderMap, HeaderValue, Path},
    problem::{Problem, ProblemDocument},
    role::RoleService,
};
use serde::Deserialize;
use tokio::sync::{
    broadcast::{Receiver, error::RecvError},
    watch,
};
use tokio_stream::wrappers::WatchStream;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{State, call, error};

/// Streams that one process keeps open.
const MAX_STREAMS: usize = 20_000;

/// Live operations.
pub fn api() -> OpenApiRouter<State> {
    OpenApiRouter::new().routes(routes!(live))
}

/// Who watches what.
#[derive(Clone)]
pub struct Hub {
    joins: RoleService,
    watched: Arc<Mutex<HashMap<EventId, watch::Sender<Option<Told>>>>>,
    streams: Arc<AtomicUsize>,
}

#[derive(Deserialize)]
struct Known {
    public: bool,
    revision: i64,
    places: Places,
}

/// How full an event is, and which of two such pieces of news is the newer: they may overtake each other.
#[derive(Clone, Copy, Debug, Deserialize)]
struct Told {
    public: bool,
    revision: i64,
    #[serde(flatten)]
    places: Places,
}

/// Counts an open stream; forgets the event's channel with its last watcher.
struct Guard {
    hub: Hub,
    id: EventId,
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.hub.streams.fetch_sub(1, Ordering::Relaxed);
        if let Ok(mut watched) = self.hub.watched.lock()
            && watched.get(&self.id).is_some_and(|sender| sender.receiver_count() == 0)
        {
            watched.remove(&self.id);
        }
    }
}

impl Hub {
    pub fn new(joins: RoleService) -> Self {
        Self { joins, watched: Arc::default(), streams: Arc::default() }
    }

    /// Hears of places for as long as the process runs.
    pub async fn follow(&self, mut news: Receiver<News>) {
        loop {
            match news.recv().await {
                Ok(News::Topic { topic, data }) => {
                    let Some(id) = topic.strip_prefix("places/").and_then(|id| id.parse().ok()) else { continue };
                    if let Ok(told) = serde_json::from_value(Arc::unwrap_or_clone(data)) {
                        self.tell(id, told);
                    }
                }
                Ok(News::Connected) | Err(RecvError::Lagged(_)) => self.ask_again().await,
                Ok(News::Disconnected) => {}
                Err(RecvError::Closed) => return,
            }
        }
    }

    fn tell(&self, id: EventId, told: Told) {
        if let Ok(mut watched) = self.watched.lock()
            && let Some(sender) = watched.get(&id)
        {
            if !told.public {
                watched.remove(&id); // its streams end
                return;
            }
            sender.send_if_modified(|known| {
                if known.is_some_and(|known| known.revision >= told.revision) {
                    return false;
                }
                let before = known.replace(told);
                before.map(|known| known.places) != Some(told.places)
            });
        }
    }

    /// News may have been missed: reads the places of every watched event.
    async fn ask_again(&self) {
        let ids: Vec<EventId> =
            self.watched.lock().map(|watched| watched.keys().copied().collect()).unwrap_or_default();
        for id in ids {
            match self.ask(id).await {
                Ok(Some(told)) => self.tell(id, told),
                Ok(None) => {
                    if let Ok(mut watched) = self.watched.lock() {
                        watched.remove(&id);
                    }
                }
                Err(_) => {}
            }
        }
    }

    async fn ask(&self, id: EventId) -> Result<Option<Told>, Problem> {
        let path = format!("/internal/joins/events/{id}");
        let answer = call::get(&self.joins, &path, &HeaderMap::new(), call::PART_DEADLINE).await?;
        if !answer.status.is_success() {
            return Ok(None);
        }
        let Known { public, revision, places } = answer.json()?;
        Ok(public.then_some(Told { public, revision, places }))
    }

    fn watch(&self, id: EventId) -> Result<(watch::Receiver<Option<Told>>, Guard), Problem> {
        if self.streams.fetch_add(1, Ordering::Relaxed) >= MAX_STREAMS {
            self.streams.fetch_sub(1, Ordering::Relaxed);
            return Err(Problem::new(error::TOO_MANY_STREAMS).retry_after(30));
        }
        let guard = Guard { hub: self.clone(), id };
        let mut watched = self.watched.lock().map_err(|_| Problem::unavailable())?;
        let receiver = watched.entry(id).or_insert_with(|| watch::channel(None).0).subscribe();
        drop(watched);
        Ok((receiver, guard))
    }
}

/// Streams an event's places.
///
/// `event: places` with `{capacity, confirmed, waitlisted}` at the start and on each change; a comment every 15 seconds keeps the
/// connection open. Reconnect when it ends.
#[utoipa::path(
    get,
    path = "/api/v1/events/{id}/live",
    tag = "joins",
    operation_id = "watch_places",
    params(("id" = EventId, Path, description = "Which event.")),
    responses(
        (status = 200, description = "A stream of server-sent events.", body = Places, content_type = "text/event-stream"),
        (status = 404, description = "No such event, or it is not public.", body = ProblemDocument, content_type = "application/problem+json"),
    ),
    security((), ("bearer" = []), ("session" = [])),
    extensions(("x-access" = json!("public"))),
)]
pub async fn live(Extract(state): Extract<State>, Path(id): Path<EventId>) -> Result<Response, Problem> {
    // Watch first, ask then: what changes in between is not missed.
    let (receiver, guard) = state.live.watch(id)?;
    let told = state.live.ask(id).await?.ok_or_else(Problem::not_found)?;
    state.live.tell(id, told);
    let stream = stream(receiver, guard).take_until(state.drain.clone().cancelled_owned());
    let keep_alive = KeepAlive::new().interval(Duration::from_secs(15));
    let mut response = Sse::new(stream).keep_alive(keep_alive).into_response();
    // Proxies must not hold it back.
    response.headers_mut().insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(response)
}

fn stream(
    receiver: watch::Receiver<Option<Told>>,
    guard: Guard,
) -> impl Stream<Item = Result<Event, Infallible>> + Send + 'static {
    WatchStream::new(receiver).filter_map(move |told| {
        let _held_by_the_stream = &guard;
        let event = told.and_then(|told| Event::default().event("places").json_data(told.places).ok());
        std::future::ready(event.map(Ok))
    })
}
