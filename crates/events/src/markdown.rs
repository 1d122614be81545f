//! Markdown (CommonMark with tables and strikethrough) to HTML that is safe to show, and to a plain summary.
//!
//! Three walls: raw HTML becomes text before there is any HTML; what is rendered goes through an allow-list; and the page's content
//! security policy runs no inline script. Images are left out: they would tell a third party who reads the page.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, LazyLock},
};

use ammonia::{Builder, UrlRelative};
use contracts::EventId;
use moka::sync::Cache;
use pulldown_cmark::{CowStr, Event, HeadingLevel, LinkType, Options, Parser, Tag, TagEnd, html};

/// Containers within containers; deeper ones are flattened. People need three; a browser should not be given thousands.
const MAX_DEPTH: usize = 12;
/// Longest summary, in characters.
const MAX_SUMMARY: usize = 200;
/// Rendered HTML that is kept, in bytes.
const MAX_CACHED: u64 = 4 << 20;

static CLEANER: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let mut builder = Builder::empty();
    builder
        .tags(HashSet::from([
            "a",
            "blockquote",
            "br",
            "code",
            "del",
            "em",
            "h3",
            "h4",
            "h5",
            "h6",
            "hr",
            "li",
            "ol",
            "p",
            "pre",
            "strong",
            "table",
            "tbody",
            "td",
            "th",
            "thead",
            "tr",
            "ul",
        ]))
        .clean_content_tags(HashSet::from(["script", "style"]))
        .tag_attributes(HashMap::from([("a", HashSet::from(["href"])), ("ol", HashSet::from(["start"]))]))
        .generic_attributes(HashSet::new())
        .url_schemes(HashSet::from(["http", "https", "mailto"]))
        .url_relative(UrlRelative::Deny)
        .link_rel(Some("nofollow ugc noopener"))
        .strip_comments(true);
    builder
});

/// Renders what is read again and again only once. Some texts take a hundred times as long as usual; whoever writes one should not be
/// able to keep a processor busy by having it read.
#[derive(Clone, Debug)]
pub struct Renderer(Cache<(EventId, i64), Arc<str>>);

impl Default for Renderer {
    fn default() -> Self {
        let weigh = |_: &(EventId, i64), html: &Arc<str>| u32::try_from(html.len() + 100).unwrap_or(u32::MAX);
        Self(Cache::builder().max_capacity(MAX_CACHED).weigher(weigh).build())
    }
}

impl Renderer {
    /// [`to_html`] of the text that this version of the event has.
    pub fn html(&self, event: EventId, version: i64, markdown: &str) -> Arc<str> {
        self.0.get_with((event, version), || to_html(markdown).into())
    }
}

/// HTML that may be put into a page as it is. Headings start at the third level, below the page's own.
pub fn to_html(markdown: &str) -> String {
    let mut out = String::with_capacity(markdown.len() * 3 / 2);
    html::push_html(&mut out, shallow(events(markdown)).map(safe));
    CLEANER.clean(&out).to_string()
}

/// The beginning of the text without its markup, at most 200 characters, cut after a word.
pub fn summary(markdown: &str) -> String {
    let mut text = String::new();
    for event in events(markdown) {
        match event {
            Event::Text(piece) | Event::Code(piece) => text.extend(piece.chars().filter(|c| !is_unshowable(*c))),
            Event::SoftBreak | Event::HardBreak | Event::Rule | Event::End(_) if !is_inline(&event) => text.push(' '),
            _ => {}
        }
        if text.len() > 16 * MAX_SUMMARY {
            break;
        }
    }
    shorten(&text)
}

fn events(markdown: &str) -> impl Iterator<Item = Event<'_>> {
    Parser::new_ext(markdown, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH)
}

/// Ends of inline markup are no gaps between words.
fn is_inline(event: &Event) -> bool {
    matches!(
        event,
        Event::End(TagEnd::Emphasis | TagEnd::Strong | TagEnd::Strikethrough | TagEnd::Link | TagEnd::Image)
    )
}

/// Leaves out the tags of containers that are too deep, not what is in them.
fn shallow<'a>(events: impl Iterator<Item = Event<'a>>) -> impl Iterator<Item = Event<'a>> {
    let mut depth = 0;
    events.filter(move |event| match event {
        Event::Start(_) => {
            depth += 1;
            depth <= MAX_DEPTH
        }
        Event::End(_) => {
            depth -= 1;
            depth < MAX_DEPTH
        }
        _ => true,
    })
}

/// An event without anything that is not shown as text.
fn safe(event: Event<'_>) -> Event<'_> {
    const NOTHING: Event<'static> = Event::Text(CowStr::Borrowed(""));
    match event {
        Event::Html(raw) | Event::InlineHtml(raw) | Event::Text(raw) => Event::Text(showable(raw)),
        Event::Code(raw) => Event::Code(showable(raw)),
        Event::Start(Tag::HtmlBlock) => Event::Start(Tag::Paragraph),
        Event::End(TagEnd::HtmlBlock) => Event::End(TagEnd::Paragraph),
        Event::Start(Tag::Heading { level, .. }) => {
            Event::Start(Tag::Heading { level: below_page(level), id: None, classes: Vec::new(), attrs: Vec::new() })
        }
        Event::End(TagEnd::Heading(level)) => Event::End(TagEnd::Heading(below_page(level))),
        // What an image shows instead of itself is text within it.
        Event::Start(Tag::Image { .. }) | Event::End(TagEnd::Image) => NOTHING,
        // `<mailto:someone@…>` needs no help; the title is left out.
        Event::Start(Tag::Link { link_type, dest_url, id, .. }) => {
            let link_type = if link_type == LinkType::Email { LinkType::Email } else { LinkType::Inline };
            Event::Start(Tag::Link { link_type, dest_url: showable(dest_url), title: CowStr::Borrowed(""), id })
        }
        other => other,
    }
}

fn below_page(level: HeadingLevel) -> HeadingLevel {
    match level {
        HeadingLevel::H1 => HeadingLevel::H3,
        HeadingLevel::H2 => HeadingLevel::H4,
        HeadingLevel::H3 => HeadingLevel::H5,
        HeadingLevel::H4 | HeadingLevel::H5 | HeadingLevel::H6 => HeadingLevel::H6,
    }
}

/// Entities such as `&#x202e;` bring back what a request may not contain as such.
fn is_unshowable(c: char) -> bool {
    (c.is_control() && c != '\n' && c != '\t')
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}' | '\u{feff}')
}

fn showable(text: CowStr<'_>) -> CowStr<'_> {
    if text.contains(is_unshowable) { text.replace(is_unshowable, "").into() } else { text }
}

fn shorten(text: &str) -> String {
    let mut summary = String::new();
    let mut length = 0;
    for word in text.split_whitespace() {
        let space = usize::from(length > 0);
        let added = word.chars().count() + space;
        if length + added > MAX_SUMMARY {
            if length == 0 {
                summary.extend(word.chars().take(MAX_SUMMARY - 1));
            }
            let end = summary.trim_end_matches([',', ';', ':', '–', '-']).len();
            summary.truncate(end);
            if summary.chars().count() == MAX_SUMMARY {
                summary.pop(); // room for the ellipsis
            }
            summary.push('…');
            return summary;
        }
        if space == 1 {
            summary.push(' ');
        }
        summary.push_str(word);
        length += added;
    }
    summary
}

#[cfg(test)]
mod tests;
