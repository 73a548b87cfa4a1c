import { serveJson } from '../shared/http.ts';
import { readMetadata, tierOf } from '../shared/metadata.ts';
import { insertPurchase } from '../shared/purchases.ts';
import { runService } from '../shared/service.ts';

runService(async ({ environment, log, pool }) => {
  const server = serveJson(
    environment.port,
    environment.service,
    [
      {
        method: 'POST',
        path: /^\/api\/v1\/purchases$/,
        // payment-service's retry queue: a purchase without any event.
        answer: async (body) => {
          const { studentId, courseId } = body;
          if (typeof studentId !== 'string' || typeof courseId !== 'string') {
            return { status: 400, body: { success: false, error: 'studentId and courseId are required' } };
          }
          const metadata = readMetadata(body['metadata']);
          const id = await insertPurchase(pool, { studentId, courseId, tier: tierOf(metadata), metadata });
          log.info('Purchase created over HTTP', { purchaseId: id, studentId, courseId });
          return { status: 201, body: { success: true, data: { id } } };
        },
      },
    ],
    (url, status, message) => log.error(`API Error: ${url} ${status}`, { message, url, statusCode: status }),
  );
  log.info(`course-service listening on port ${environment.port}`);
  return async () => {
    server.close();
    server.closeAllConnections();
    await pool.end();
  };
});
