// The page for an address that does not exist: links to the pages that do.

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
