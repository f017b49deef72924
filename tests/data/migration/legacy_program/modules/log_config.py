import logging


def setup_logging():
    logging.basicConfig(
        filename='logs/app.log', level=logging.INFO, encoding='utf-8',
        format='%(asctime)s %(levelname)s %(message)s')
