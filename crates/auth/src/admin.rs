//! What operators and developers do from the command line.

use chrono::TimeDelta;
use contracts::{SessionId, UserId, auth::Locale};
use platform::{Clock, identity::Role, outbox::Outbox, random};
use secrecy::{ExposeSecret as _, SecretString};
use sqlx::{PgConnection, PgPool};

use crate::{
    domain::{DisplayName, Email, Password},
    hashing,
    keys::Signer,
    sessions::claims,
    store::{
        sessions,
        users::{self, User},
    },
};

/// Accounts that one statement makes.
const CHUNK: u32 = 5_000;

/// Acts on the database, past the public door.
#[derive(Clone, Debug)]
pub struct Admin {
    pool: PgPool,
    outbox: Outbox,
    clock: Clock,
}

/// What went wrong.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// Something that was given cannot be used.
    #[error("{0}")]
    Invalid(String),
    /// The address has an account, which stays as it is.
    #[error("{0} has an account already")]
    Exists(String),
    /// As the database says.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// An account that was made.
#[derive(Debug)]
pub struct Created {
    /// Whose.
    pub user_id: UserId,
    /// How its owner signs in.
    pub password: SecretString,
}

impl Admin {
    /// `pool` is this slice's.
    pub fn new(pool: PgPool, outbox: Outbox, clock: Clock) -> Self {
        Self { pool, outbox, clock }
    }

    /// Makes a verified account. Without a password one is made up.
    ///
    /// # Errors
    /// If address, name or password cannot be used, or the address has an account.
    pub async fn create_new_user(
        &self,
        email: &str,
        password: Option<SecretString>,
        name: &str,
        role: Role,
    ) -> Result<Created, AdminError> {
        self.make_user(email, password, name, role, false).await
    }

    /// Makes a verified account, or gives the existing one this name, role and password, which ends its sign-ins. Without a password one
    /// is made up.
    ///
    /// # Errors
    /// If address, name or password cannot be used.
    pub async fn create_user(
        &self,
        email: &str,
        password: Option<SecretString>,
        name: &str,
        role: Role,
    ) -> Result<Created, AdminError> {
        self.make_user(email, password, name, role, true).await
    }

    async fn make_user(
        &self,
        email: &str,
        password: Option<SecretString>,
        name: &str,
        role: Role,
        may_replace: bool,
    ) -> Result<Created, AdminError> {
        let address = parse(email)?;
        let name = DisplayName::parse(name).map_err(|reason| AdminError::Invalid(format!("the name {reason}")))?;
        let password = password.unwrap_or_else(random::token);
        let normalised = Password::new(password.expose_secret());
        let known = [email.to_owned(), name.to_string()];
        let hash =
            tokio::task::spawn_blocking(move || match normalised.weakness(&known.each_ref().map(String::as_str)) {
                Some(weakness) => Err(format!("the password is refused: {weakness:?}")),
                None => hashing::hash_now(normalised.expose()).map_err(|()| "the password cannot be hashed".to_owned()),
            })
            .await
            .unwrap_or_else(|_| Err("the password cannot be hashed".to_owned()))
            .map_err(AdminError::Invalid)?;
        let now = self.clock.now();
        let mut tx = self.pool.begin().await?;
        let mut user = User {
            id: UserId::new(now),
            email: address.as_str().to_owned(),
            display_name: name.into_inner(),
            locale: Locale::En,
            role,
            email_verified_at: Some(now),
            created_at: now,
        };
        if !users::insert(&mut tx, &user, &address).await?
            && let Some(existing) = users::lock_by_email(&mut tx, &address).await?
        {
            if !may_replace {
                return Err(AdminError::Exists(email.to_owned()));
            }
            user = User { role, display_name: user.display_name, email_verified_at: Some(now), ..existing };
            users::update(&mut tx, &user).await?;
            self.end_sessions(&mut tx, user.id, "replaced by an operator").await?;
        }
        users::set_password(&mut tx, user.id, &hash, now).await?;
        self.outbox.publish(&mut tx, &user.changed()).await?;
        self.outbox.commit(tx).await?;
        Ok(Created { user_id: user.id, password })
    }

    /// Gives an account another role, and ends its sign-ins so that it counts at once. `false` if there is no such account.
    ///
    /// # Errors
    /// As the database says.
    pub async fn set_role(&self, email: &str, role: Role) -> Result<bool, AdminError> {
        let address = parse(email)?;
        let mut tx = self.pool.begin().await?;
        let Some(mut user) = users::lock_by_email(&mut tx, &address).await? else { return Ok(false) };
        user.role = role;
        users::update(&mut tx, &user).await?;
        self.end_sessions(&mut tx, user.id, "role changed").await?;
        self.outbox.publish(&mut tx, &user.changed()).await?;
        self.outbox.commit(tx).await?;
        Ok(true)
    }

    /// Ends every sign-in of an account; how many, or `None` if there is no such account.
    ///
    /// # Errors
    /// As the database says.
    pub async fn revoke_sessions(&self, email: &str) -> Result<Option<usize>, AdminError> {
        let address = parse(email)?;
        let mut tx = self.pool.begin().await?;
        let Some(user) = users::lock_by_email(&mut tx, &address).await? else { return Ok(None) };
        let ended = self.end_sessions(&mut tx, user.id, "ended by an operator").await?;
        tx.commit().await?;
        Ok(Some(ended))
    }

    /// Makes `count` verified accounts with a sign-in each, and returns an access token each that is good for a day.
    ///
    /// # Errors
    /// As the database says.
    pub async fn load_users(&self, count: u32, signer: &Signer) -> Result<Vec<SecretString>, AdminError> {
        let invalid = || AdminError::Invalid("no token could be made".to_owned());
        signer.publish(&self.pool, &self.clock).await?;
        let hash = hashing::hash_now(random::token().expose_secret()).map_err(|()| invalid())?;
        let mut tokens = Vec::new();
        for start in (0..count).step_by(CHUNK as usize) {
            let now = self.clock.now();
            let rows: Vec<(UserId, SessionId, String)> = (start..count.min(start + CHUNK))
                .map(|number| (UserId::new(now), SessionId::new(now), format!("Load {}", number + 1)))
                .collect();
            let mut tx = self.pool.begin().await?;
            sessions::insert_load_users(&mut tx, &rows, &hash, (now, now + TimeDelta::days(1))).await?;
            let mut changes = Vec::with_capacity(rows.len());
            for (user_id, session, name) in rows {
                let user = User {
                    id: user_id,
                    email: format!("{user_id}@load.invalid"),
                    display_name: name,
                    locale: Locale::En,
                    role: Role::User,
                    email_verified_at: Some(now),
                    created_at: now,
                };
                changes.push(user.changed());
                let token = signer.sign(&claims(&user, session, now.timestamp(), 86_400)).map_err(|_| invalid())?;
                tokens.push(SecretString::from(token));
            }
            self.outbox.publish_all(&mut tx, &changes).await?;
            self.outbox.commit(tx).await?;
        }
        Ok(tokens)
    }

    /// The command has no door of its own to tell, so it tells the doors of the servers.
    async fn end_sessions(&self, tx: &mut PgConnection, user: UserId, reason: &str) -> Result<usize, sqlx::Error> {
        let ended = sessions::others(tx, user, None).await?;
        sessions::revoke(tx, &ended, reason, self.clock.now()).await?;
        for id in &ended {
            let ended = serde_json::json!({ "ended": true });
            platform::broadcast::send_within(tx, &format!("session/{id}"), &ended).await?;
        }
        Ok(ended.len())
    }
}

fn parse(email: &str) -> Result<Email, AdminError> {
    Email::parse(email).map_err(|reason| AdminError::Invalid(format!("{email} {reason}")))
}
