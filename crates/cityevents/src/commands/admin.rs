use anyhow::bail;
use auth::admin::AdminError;
use clap::Subcommand;
use contracts::MessageId;
use platform::{Clock, bus::Bus, config::Config, identity::Role, outbox::Outbox};
use secrecy::ExposeSecret as _;

/// Accounts and messages.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make an account whose address counts as verified; prints a generated password.
    CreateUser {
        /// E-mail address.
        email: String,
        /// As shown to others.
        #[arg(long)]
        name: String,
        /// user, moderator or admin.
        #[arg(long, default_value = "user", value_parser = role)]
        role: Role,
    },
    /// Give an account another role; its sign-ins end.
    SetRole {
        /// E-mail address.
        email: String,
        /// user, moderator or admin.
        #[arg(value_parser = role)]
        role: Role,
    },
    /// End every sign-in of an account, on every replica, at once.
    RevokeSessions {
        /// E-mail address.
        email: String,
    },
    /// Messages that failed for good.
    #[command(subcommand)]
    Messages(Messages),
    /// Mails that could not be sent.
    #[command(subcommand)]
    Mails(Mails),
}

/// Messages that failed for good.
#[derive(Debug, Subcommand)]
pub enum Messages {
    /// How far behind each consumer is.
    Status,
    /// Show parked messages, oldest first.
    Parked {
        /// At most so many.
        #[arg(long, default_value_t = 50)]
        limit: i64,
    },
    /// Try parked messages again: all of them, a consumer's, or one.
    Replay {
        /// Only this consumer's.
        #[arg(long)]
        consumer: Option<String>,
        /// Only this message.
        #[arg(long)]
        id: Option<MessageId>,
    },
}

/// Mails that could not be sent.
#[derive(Debug, Subcommand)]
pub enum Mails {
    /// Show them, oldest first.
    Failed {
        /// At most so many.
        #[arg(long, default_value_t = 50)]
        limit: i64,
    },
    /// Try them again.
    Retry,
}

fn role(text: &str) -> Result<Role, String> {
    match text {
        "user" => Ok(Role::User),
        "moderator" => Ok(Role::Moderator),
        "admin" => Ok(Role::Admin),
        _ => Err("must be user, moderator or admin".to_owned()),
    }
}

impl Command {
    /// Whether it is about what is in a database. Only the first account may be what one is made for.
    pub fn needs_database(&self) -> bool {
        !matches!(self, Self::CreateUser { .. })
    }
}

/// Does what an operator asks.
pub async fn run(config: &Config, command: Command) -> anyhow::Result<()> {
    let database =
        if command.needs_database() { super::open_existing(config).await? } else { super::open(config).await? };
    let clock = Clock::system();
    let outbox = Outbox::new(clock.clone());
    let accounts = super::pool(&database, auth::SCHEMA.name)?;
    let admin = auth::admin::Admin::new(accounts.clone(), outbox, clock);
    let outcome = match command {
        Command::CreateUser { email, name, role } => create(&admin, &email, &name, role).await,
        Command::SetRole { email, role } => {
            let found = admin.set_role(&email, role).await?;
            done(found, &email, "The role is set. Every sign-in of the account has ended; the next one has it.")
        }
        Command::RevokeSessions { email } => {
            let ended = admin.revoke_sessions(&email).await?;
            ended.map_or_else(
                || done(false, &email, ""),
                |ended| {
                    println!("{ended} sign-ins ended.");
                    Ok(())
                },
            )
        }
        Command::Messages(command) => messages(&Bus::new(super::pool(&database, "bus")?), command).await,
        Command::Mails(command) => mails(&super::pool(&database, notify::SCHEMA.name)?, command).await,
    };
    accounts.close().await;
    database.close().await?;
    outcome
}

async fn create(admin: &auth::admin::Admin, email: &str, name: &str, role: Role) -> anyhow::Result<()> {
    let created = match admin.create_new_user(email, None, name, role).await {
        Err(AdminError::Exists(_)) => bail!(
            "{email} has an account already, which stays as it is. `cityevents admin set-role` gives it another role; its owner \
             chooses another password by \"forgot password\" on the web"
        ),
        made => made?,
    };
    println!("{email} can sign in with the password {}", created.password.expose_secret());
    Ok(())
}

fn done(found: bool, email: &str, sentence: &str) -> anyhow::Result<()> {
    if !found {
        bail!("there is no account with the address {email}");
    }
    println!("{sentence}");
    Ok(())
}

async fn messages(bus: &Bus, command: Messages) -> anyhow::Result<()> {
    match command {
        Messages::Status => {
            for queue in bus.stats().await? {
                let oldest = queue.oldest.map_or_else(|| "-".to_owned(), |at| at.to_rfc3339());
                println!("{}: {} waiting (oldest {oldest}), {} parked", queue.consumer, queue.waiting, queue.parked);
            }
        }
        Messages::Parked { limit } => {
            for it in bus.parked(limit).await? {
                println!(
                    "{} {} {} v{} about {}: {} attempts, parked {}, {} [{}]",
                    it.consumer,
                    it.id,
                    it.kind,
                    it.version,
                    it.aggregate,
                    it.attempts,
                    it.parked_at.to_rfc3339(),
                    it.last_error.unwrap_or_default(),
                    it.traceparent,
                );
            }
        }
        Messages::Replay { consumer, id } => {
            println!("{} messages will be tried again.", bus.replay(consumer.as_deref(), id).await?);
        }
    }
    Ok(())
}

async fn mails(pool: &sqlx::PgPool, command: Mails) -> anyhow::Result<()> {
    match command {
        Mails::Failed { limit } => {
            for it in notify::failed_mails(pool, limit).await? {
                println!("{it}");
            }
        }
        Mails::Retry => println!("{} mails will be tried again.", notify::retry_failed(pool).await?),
    }
    Ok(())
}
