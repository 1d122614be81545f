//! From message to mail, on a real Postgres, real files and a real (if small) SMTP server.

mod calendar;
mod forgetting;
mod mailbox;
mod mails;
mod messages;
mod order;
mod registration;
mod sending;
mod support;
