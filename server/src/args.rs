//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

/// The HTTP endpoint that sets a chat's background.
#[derive(Parser)]
#[command(version)]
pub(crate) struct Args {
    /// Configuration file; the environment overrides it.
    #[arg(long, global = true)]
    pub(crate) config: Option<PathBuf>,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Serves until told to stop.
    Serve {
        /// Adds an account with a number of the embedded device, and prints a key for it.
        #[arg(long)]
        demo: bool,
    },
    /// API keys.
    Keys {
        #[command(subcommand)]
        command: KeysCommand,
    },
    /// Numbers that accounts reach chats by.
    Numbers {
        #[command(subcommand)]
        command: NumbersCommand,
    },
    /// Verifies that every object exists and is right, that versions have no gap, and that no unused object remains.
    Check {
        /// Also asks each device whether it has the background that the state says.
        #[arg(long)]
        devices: bool,
    },
}

#[derive(Subcommand)]
pub(crate) enum KeysCommand {
    /// Adds a key and prints it, once.
    Add {
        /// The account that it is for.
        account: String,
        /// What it is used for.
        #[arg(long, default_value = "")]
        label: String,
    },
    /// Lists keys, without their secrets.
    List,
    /// Revokes a key.
    Revoke {
        /// Its id, as listed.
        id: String,
    },
}

#[derive(Subcommand)]
pub(crate) enum NumbersCommand {
    /// Adds a number, or gives it another route.
    Add {
        /// The account.
        account: String,
        /// The number, E.164.
        number: String,
        /// `embedded`, or an agent's URL.
        #[arg(long, default_value = "embedded")]
        route: String,
    },
    /// Lists numbers.
    List,
    /// Removes a number.
    Remove {
        /// The number, E.164.
        number: String,
    },
}
