//! A rendered mail as a MIME message.

use std::time::{Duration, UNIX_EPOCH};

use lettre::{
    Address, Message,
    message::{
        Attachment, Mailbox, MultiPart, SinglePart,
        header::{ContentType, Header, HeaderName, HeaderValue},
    },
};

use crate::{domain::is_greetable, render::Rendered, sender::SendError, store::QueuedMail};

pub fn build(mail: &QueuedMail, rendered: Rendered, from: &Mailbox) -> Result<Message, SendError> {
    let to = mailbox(&mail.to_name, mail.to_address.parse()?);
    let png = || ContentType::parse("image/png");
    let body = MultiPart::alternative().singlepart(SinglePart::plain(rendered.text));
    let html = SinglePart::html(rendered.html);
    let mut body = match &rendered.picture {
        None => body.singlepart(html),
        Some(picture) => {
            let inline = Attachment::new_inline(picture.id.clone()).body(picture.png.clone(), png()?);
            body.multipart(MultiPart::related().singlepart(html).singlepart(inline))
        }
    };
    let mut files = Vec::new();
    if let Some((text, method)) = rendered.calendar {
        let kind = ContentType::parse(&format!("text/calendar; charset=utf-8; method={}", method.name()))?;
        // As an alternative, for programs that offer to add it, and as a file for all others.
        body = body.singlepart(SinglePart::builder().header(kind).body(text.clone()));
        let kind = ContentType::parse("text/calendar; charset=utf-8")?;
        files.push(Attachment::new("event.ics".to_owned()).body(text, kind));
    }
    if let Some(picture) = rendered.picture {
        files.push(Attachment::new("ticket.png".to_owned()).body(picture.png, png()?));
    }
    if !files.is_empty() {
        body = files.into_iter().fold(MultiPart::mixed().multipart(body), MultiPart::singlepart);
    }
    let created = u64::try_from(mail.created_at.timestamp()).unwrap_or(0);
    let mut message = Message::builder()
        .from(from.clone())
        .to(to)
        .header(Subject(rendered.subject))
        // Id and date are the same at every attempt: whoever gets it twice can tell.
        .message_id(Some(format!("<{}@{}>", mail.id, from.email.domain())))
        .date(UNIX_EPOCH + Duration::from_secs(created))
        .header(AutoSubmitted);
    // Of an address that cannot be used, the mail itself is not the worse.
    if let Some(address) = mail.from_address.as_ref().and_then(|it| it.parse().ok()) {
        message = message.reply_to(mailbox(mail.from_name.as_deref().unwrap_or_default(), address));
    }
    Ok(message.multipart(body)?)
}

fn mailbox(name: &str, address: Address) -> Mailbox {
    Mailbox::new(is_greetable(name).then(|| name.to_owned()), address)
}

/// RFC 3834: nobody's out-of-office note needs to answer.
#[derive(Clone, Debug)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

/// What the mail is about. Text that looks like an encoded word of RFC 2047 goes as one itself, so that it is shown as it was written:
/// titles are in it, and those are anybody's.
#[derive(Clone, Debug)]
struct Subject(String);

impl Subject {
    /// Bytes in a word, of three characters each: with what is around it a line of 76 is not exceeded (RFC 2047, section 2).
    const WORD: usize = 18;

    fn encoded(&self) -> String {
        let mut words = vec![String::new()];
        let mut length = 0;
        for c in self.0.chars() {
            if length + c.len_utf8() > Self::WORD {
                words.push(String::new());
                length = 0;
            }
            length += c.len_utf8();
            if let Some(word) = words.last_mut() {
                word.extend(c.encode_utf8(&mut [0; 4]).bytes().map(|byte| format!("={byte:02X}")));
            }
        }
        words.iter().map(|word| format!("=?utf-8?q?{word}?=")).collect::<Vec<_>>().join("\r\n ")
    }
}

impl Header for Subject {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Subject")
    }

    fn parse(text: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self(text.to_owned()))
    }

    fn display(&self) -> HeaderValue {
        if self.0.contains("=?") {
            HeaderValue::dangerous_new_pre_encoded(Self::name(), self.0.clone(), self.encoded())
        } else {
            HeaderValue::new(Self::name(), self.0.clone())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(subject: &str) -> String {
        let mut headers = lettre::message::header::Headers::new();
        headers.set(Subject(subject.to_owned()));
        headers.to_string()
    }

    #[test]
    fn a_subject_that_looks_encoded_is_shown_as_it_was_written() {
        for subject in [
            "You're in: =?utf-8?q?x?=",
            "Grüße =?utf-8?b?4pyI?= und noch viel mehr Text, der über eine Zeile hinausgeht, mit \u{1f3ee} am Ende",
        ] {
            let line = line(subject);
            assert!(line.lines().all(|it| it.len() <= 76), "{line}");
            let mail = format!("{line}\r\n");
            let read = mail_parser::MessageParser::default().parse(mail.as_bytes()).unwrap();
            assert_eq!(read.subject(), Some(subject), "{line}");
        }
        assert_eq!(line("You're in: Lantern walk"), "Subject: You're in: Lantern walk\r\n");
    }
}
