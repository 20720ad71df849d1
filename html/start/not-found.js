// Keeps language and theme in the links of the page for an unknown address, and shows the office's name.

import { get } from '../shared/api.js';
import { keepChoices, officeLanguage, ready } from '../shared/i18n.js';
import { showOffice } from '../shared/office.js';

ready.then(async () => {
  for (const link of document.querySelectorAll('main a')) link.href = keepChoices(link.getAttribute('href'));
  try {
    const { office } = (await get('api/state')).payload;
    officeLanguage(office.language);
    showOffice(office);
  } catch (e) { /* Without a connection the page stays as it is. */ }
});
