// The languages of the screens, in the order in which they are offered. To add one: its line here, a file of
// texts beside this one and one in each other folder of texts, such as ../settings/lang; docs/changes.md has the rest. The server and the tests read this list too, so it is written as JSON.
//   code       the file's name, as in `?lang=`
//   name       the language's own name for itself
//   direction  `rtl` if it is written from right to left
//   plurals    its rule in plurals.js, if it is not «one for 1, other for the rest»
//   locale     how times and numbers are written, if not by `code`
export const LIST = [
  { "code": "es", "name": "Español", "locale": "es-ES" },
  { "code": "en", "name": "English", "locale": "en-GB" },
  { "code": "pt", "name": "Português", "locale": "pt-PT" },
  { "code": "fr", "name": "Français", "plurals": "french" },
  { "code": "ar", "name": "العربية", "direction": "rtl", "plurals": "arabic", "locale": "ar-u-nu-latn" }
];
