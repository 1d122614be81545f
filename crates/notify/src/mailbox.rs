//! The developers' mailbox: mails that went to files. The public door shows it in dev mode only.

use std::path::Path as FsPath;

use axum::{
    Router,
    extract::State as Extract,
    response::{IntoResponse as _, Response},
    routing::get,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use mail_parser::{Message, MessageParser, MimeHeaders as _};
use platform::{
    http::{HeaderValue, Json, Path, Query, header},
    problem::Problem,
};
use serde::{Deserialize, Serialize};

use crate::State;

/// Mails in the list.
const MOST: usize = 200;

pub fn router() -> Router<State> {
    Router::new()
        .route("/internal/notify/mails", get(list))
        .route("/internal/notify/mails/{id}", get(show))
        .route("/internal/notify/mails/{id}/html", get(html))
}

#[derive(Serialize)]
struct Heading {
    id: String,
    to: String,
    subject: String,
    sent_at: Option<String>,
}

#[derive(Serialize)]
struct List {
    items: Vec<Heading>,
}

#[derive(Serialize)]
struct Attached {
    name: String,
    content_type: String,
    text: String,
}

#[derive(Serialize)]
struct Mail {
    #[serde(flatten)]
    heading: Heading,
    html: String,
    text: String,
    attachments: Vec<Attached>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ListQuery {
    limit: Option<usize>,
}

/// Newest first; the names begin with the time.
async fn list(Extract(state): Extract<State>, Query(query): Query<ListQuery>) -> Result<Json<List>, Problem> {
    let mut names = Vec::new();
    if let Ok(mut entries) = tokio::fs::read_dir(&*state.mail_dir).await {
        while let Ok(Some(entry)) = entries.next_entry().await {
            let name = entry.file_name().to_string_lossy().into_owned();
            names.extend(name.strip_suffix(".eml").map(str::to_owned));
        }
    }
    names.sort_unstable_by(|a, b| b.cmp(a));
    names.truncate(query.limit.unwrap_or(50).min(MOST));
    let mut items = Vec::new();
    for id in names {
        if let Ok(bytes) = read(&state.mail_dir, &id).await
            && let Some(message) = MessageParser::default().parse(&bytes)
        {
            items.push(heading(id, &message));
        }
    }
    Ok(Json(List { items }))
}

async fn show(Extract(state): Extract<State>, Path(id): Path<String>) -> Result<Json<Mail>, Problem> {
    let bytes = read(&state.mail_dir, &id).await?;
    let message = MessageParser::default().parse(&bytes).ok_or_else(Problem::not_found)?;
    let attachments = message
        .attachments()
        // The calendar entry comes twice, once without a name, as another form of the text.
        .filter_map(|part| part.attachment_name().map(|name| (part, name)))
        .map(|(part, name)| Attached {
            name: name.to_owned(),
            content_type: part
                .content_type()
                .map(|it| format!("{}/{}", it.ctype(), it.subtype().unwrap_or_default()))
                .unwrap_or_default(),
            text: part.text_contents().unwrap_or_default().to_owned(),
        })
        .collect();
    let text = |it: Option<std::borrow::Cow<'_, str>>| it.unwrap_or_default().into_owned();
    Ok(Json(Mail {
        html: text(message.body_html(0)),
        text: text(message.body_text(0)),
        attachments,
        heading: heading(id, &message),
    }))
}

/// The HTML part as a document of its own, which may do nothing but be looked at and have its links followed.
async fn html(Extract(state): Extract<State>, Path(id): Path<String>) -> Result<Response, Problem> {
    const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'; \
                          sandbox allow-popups allow-popups-to-escape-sandbox allow-top-navigation-by-user-activation";
    let bytes = read(&state.mail_dir, &id).await?;
    let message = MessageParser::default().parse(&bytes).ok_or_else(Problem::not_found)?;
    // A link leaves the frame that the mailbox page shows the mail in.
    let mut body = message.body_html(0).unwrap_or_default().replacen("<head>", "<head><base target=\"_top\">", 1);
    // Pictures that the mail brings along.
    for part in &message.parts {
        if let (Some(id), Some(kind)) = (part.content_id(), part.content_type().filter(|it| it.ctype() == "image")) {
            let kind = kind.subtype().unwrap_or_default();
            let data = format!("data:image/{kind};base64,{}", STANDARD.encode(part.contents()));
            body = body.replace(&format!("cid:{id}"), &data);
        }
    }
    let fields = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
        (header::X_FRAME_OPTIONS, HeaderValue::from_static("SAMEORIGIN")),
    ];
    Ok((fields, body).into_response())
}

/// The file of a mail; the id is a name of ours, never a path.
async fn read(dir: &FsPath, id: &str) -> Result<Vec<u8>, Problem> {
    if !id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
        return Err(Problem::not_found());
    }
    tokio::fs::read(dir.join(format!("{id}.eml"))).await.map_err(|_| Problem::not_found())
}

fn heading(id: String, message: &Message<'_>) -> Heading {
    let to = message.to().and_then(|to| to.first()).and_then(|to| to.address()).unwrap_or_default().to_owned();
    Heading {
        id,
        to,
        subject: message.subject().unwrap_or_default().to_owned(),
        sent_at: message.date().map(mail_parser::DateTime::to_rfc3339),
    }
}
