// Words for a desk: the first is `word.desk` of our texts, the others are suggested.

export const DESK_WORDS = {
  es: ['Ventanilla', 'Escritorio', 'Mesa', 'Caja', 'Consulta', 'Puesto', 'Módulo', 'Box'],
  en: ['Desk', 'Counter', 'Window', 'Room', 'Table', 'Booth'],
  pt: ['Balcão', 'Guichet', 'Mesa', 'Caixa', 'Gabinete', 'Sala', 'Posto'],
  fr: ['Guichet', 'Bureau', 'Comptoir', 'Caisse', 'Salle', 'Poste'],
  ar: ['شباك', 'مكتب', 'طاولة', 'صندوق', 'غرفة', 'عيادة'],
};
