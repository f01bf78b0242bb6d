/* A sensor as the tables know it, in and out of C. */
#ifndef PASSPORT_HAZARD_SENSOR_H
#define PASSPORT_HAZARD_SENSOR_H

#include "hazard/batch.h"

/* All want an SPI connection. */
extern void LoadSensor(text *name, Sensor *sensor);
extern void StoreSensor(text *name, const Sensor *sensor);
extern void LoadStored(text *name, const Sensor *sensor, Reading *readings, int count);
extern void StoreReadings(text *name, const Reading *readings, int count);
extern void StoreConfirmation(text *name, const Confirmation *confirmation);
extern ArrayType *ReasonArray(unsigned reasons);

#endif
