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
    let name = Some(mail.to_name.clone()).filter(|name| is_greetable(name));
    let to = Mailbox::new(name, mail.to_address.parse::<Address>()?);
    let body = MultiPart::alternative_plain_html(rendered.text, rendered.html);
    let body = match rendered.calendar {
        None => body,
        Some((text, method)) => {
            let kind = ContentType::parse(&format!("text/calendar; charset=utf-8; method={}", method.name()))?;
            // As an alternative, for programs that offer to add it, and as a file for all others.
            let inline = SinglePart::builder().header(kind).body(text.clone());
            let file =
                Attachment::new("event.ics".to_owned()).body(text, ContentType::parse("text/calendar; charset=utf-8")?);
            MultiPart::mixed().multipart(body.singlepart(inline)).singlepart(file)
        }
    };
    let created = u64::try_from(mail.created_at.timestamp()).unwrap_or(0);
    Ok(Message::builder()
        .from(from.clone())
        .to(to)
        .header(Subject(rendered.subject))
        // Id and date are the same at every attempt: whoever gets it twice can tell.
        .message_id(Some(format!("<{}@{}>", mail.id, from.email.domain())))
        .date(UNIX_EPOCH + Duration::from_secs(created))
        .header(AutoSubmitted)
        .multipart(body)?)
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
