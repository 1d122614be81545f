//! From message to mail, on a real Postgres, real files and a real (if small) SMTP server.

mod calendar;
mod mailbox;
mod mails;
mod order;
mod sending;
mod support;
