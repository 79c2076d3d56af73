// What the error page says when a page cannot be loaded.
import type { HandleClientError } from '@sveltejs/kit';
import { describe } from '$lib/api/client';

export const handleError: HandleClientError = ({ error, message, status }) => ({
  message: status === 404 ? message : describe(error)
});
