//! The sound of the public screen: its fields of `/api/settings`.

use super::fields::Fields;
use super::texts;
use crate::domain::SoundChange;
use crate::presentation::http::problem::Problem;

/// The range of the voice's speed, in percent: browsers speak no slower than half and no faster than twice.
const SPEEDS: std::ops::RangeInclusive<u8> = 50..=200;

/// Limit of a voice's name in a browser, in characters.
const LONGEST_VOICE: usize = 120;

/// Reads the changed sound.
pub fn changed(fields: &mut Fields) -> Result<SoundChange, Problem> {
    let voice_speed = percent(fields, "voiceSpeed", *SPEEDS.end())?;
    if voice_speed.is_some_and(|speed| !SPEEDS.contains(&speed)) {
        let why = format!(
            "it is a whole number from {} to {}",
            SPEEDS.start(),
            SPEEDS.end()
        );
        return Err(Problem::invalid("voiceSpeed", why));
    }
    Ok(SoundChange {
        chime: fields.boolean("chime")?,
        voice: fields.boolean("voice")?,
        volume: percent(fields, "volume", 100)?,
        voice_speed,
        voices: texts::by_language(fields, "voices", LONGEST_VOICE)?,
    })
}

fn percent(fields: &mut Fields, name: &'static str, most: u8) -> Result<Option<u8>, Problem> {
    let number = fields.number(name, most.into())?;
    Ok(number.and_then(|number| u8::try_from(number).ok()))
}
