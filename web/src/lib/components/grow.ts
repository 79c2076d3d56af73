// A text area that is as high as its text, up to the maximum its style sets.

import type { Attachment } from 'svelte/attachments';

/** Pass the text, so that the attachment runs again when it changes. */
export function growToFit(text: string): Attachment<HTMLTextAreaElement> {
  return (area) => {
    area.rows = Math.max(1, Math.min(3, text.split('\n').length));
    area.style.height = 'auto';
    area.style.height = `${area.scrollHeight + area.offsetHeight - area.clientHeight}px`;
  };
}
