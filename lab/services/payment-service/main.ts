import { serveJson } from '../shared/http.ts';
import { runService } from '../shared/service.ts';
import { openEmitter } from './emitter.ts';
import { describePayment, findPayment, insertPayment, makePayment, readPaymentRequest } from './payments.ts';

runService(async (service) => {
  const { environment, log, pool, producer } = service;
  await producer.connect();
  const emitter = openEmitter(service);
  const server = serveJson(
    environment.port,
    environment.service,
    [
      {
        method: 'POST',
        path: /^\/lab\/payments$/,
        answer: async (body) => {
          const request = readPaymentRequest(body);
          if (request === undefined)
            return { status: 400, body: { success: false, error: 'no such payment' } };
          const payments = Array.from({ length: request.count }, () => makePayment(request));
          for (const payment of payments) {
            await insertPayment(pool, payment);
            log.info('Payment succeeded', { paymentId: payment.id });
            await emitter.emit(payment);
          }
          const paymentIds = payments.map((payment) => payment.id);
          return { status: 201, body: { paymentIds, payments: payments.map(describePayment) } };
        },
      },
      {
        method: 'POST',
        path: /^\/lab\/emit$/,
        answer: async (body) => {
          const payment = await findPayment(pool, String(body['paymentId']));
          if (payment === undefined)
            return { status: 404, body: { success: false, error: 'no such payment' } };
          await emitter.send(payment);
          return { status: 202, body: describePayment(payment) };
        },
      },
    ],
    (url, status, message) =>
      log.error(`API Error: POST ${url} ${status}`, { message, url, statusCode: status }),
  );
  log.info(`payment-service listening on port ${environment.port}`);
  return async () => {
    server.close();
    server.closeAllConnections();
    await producer.disconnect();
    await pool.end();
  };
});
