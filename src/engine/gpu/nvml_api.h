/*
 * What is used of NVML, NVIDIA's management library, as its reference manual and nvml.h have it
 * (https://docs.nvidia.com/deploy/nvml-api): found at run time in libnvidia-ml.so.1, so that nothing
 * of NVIDIA's is needed to build. Old drivers lack the newer functions.
 */
#ifndef MLTOP_ENGINE_NVML_API_H
#define MLTOP_ENGINE_NVML_API_H

/* nvmlReturn_t */
enum {
	NVML_SUCCESS = 0,
	NVML_UNINITIALIZED = 1,
	NVML_NOT_SUPPORTED = 3,
	NVML_NO_PERMISSION = 4,
	NVML_NOT_FOUND = 6,
	NVML_INSUFFICIENT_SIZE = 7,
	NVML_DRIVER_NOT_LOADED = 9,
	NVML_FUNCTION_NOT_FOUND = 13,
	NVML_GPU_IS_LOST = 15,
	NVML_RESET_REQUIRED = 16,
	NVML_LIB_RM_VERSION_MISMATCH = 18,
	NVML_NO_DATA = 21,
	NVML_UNKNOWN = 999,
};

enum {
	NVML_CLOCK_SM = 1, /* nvmlClockType_t */
	NVML_CLOCK_MEM = 2,
	NVML_TEMPERATURE_GPU = 0, /* nvmlTemperatureSensors_t */
	NVML_MIG_ENABLED = 1,
	NVML_MEMORY_V2 = 0x02000028, /* sizeof(struct nvml_memory_v2) | 2 << 24 */
};

/* A number of 64 bits that the driver does not know. */
#define NVML_NOT_AVAILABLE (~0ULL)

typedef void *nvml_device; /* nvmlDevice_t: a pointer that is theirs */

struct nvml_pci {
	char bus_id_legacy[16];
	unsigned domain, bus, device, device_id, subsystem_id;
	char bus_id[32];
};
struct nvml_utilization {
	unsigned gpu, memory; /* percent */
};
struct nvml_memory {
	unsigned long long total, free, used;
};
struct nvml_memory_v2 {
	unsigned version;
	unsigned long long total, reserved, free, used;
};
/* Of GetComputeRunningProcesses without a suffix. */
struct nvml_process_v1 {
	unsigned pid;
	unsigned long long memory;
};
/* Of its _v2 and _v3. */
struct nvml_process {
	unsigned pid;
	unsigned long long memory;
	unsigned gpu_instance, compute_instance;
};

/* name here, name there, arguments */
/* clang-format off */
#define NVML_FUNCTIONS(X)                                                                          \
	X(init, "nvmlInit_v2", (void))                                                             \
	X(shutdown, "nvmlShutdown", (void))                                                        \
	X(error_string, "nvmlErrorString", (int))                                                  \
	X(driver_version, "nvmlSystemGetDriverVersion", (char *, unsigned))                        \
	X(count, "nvmlDeviceGetCount_v2", (unsigned *))                                            \
	X(by_index, "nvmlDeviceGetHandleByIndex_v2", (unsigned, nvml_device *))                    \
	X(uuid, "nvmlDeviceGetUUID", (nvml_device, char *, unsigned))                              \
	X(name, "nvmlDeviceGetName", (nvml_device, char *, unsigned))                              \
	X(pci, "nvmlDeviceGetPciInfo_v3", (nvml_device, struct nvml_pci *))                        \
	X(utilization, "nvmlDeviceGetUtilizationRates", (nvml_device, struct nvml_utilization *))  \
	X(memory, "nvmlDeviceGetMemoryInfo", (nvml_device, struct nvml_memory *))                  \
	X(memory_v2, "nvmlDeviceGetMemoryInfo_v2", (nvml_device, struct nvml_memory_v2 *))         \
	X(temperature, "nvmlDeviceGetTemperature", (nvml_device, int, unsigned *))                 \
	X(power, "nvmlDeviceGetPowerUsage", (nvml_device, unsigned *))                             \
	X(power_limit, "nvmlDeviceGetEnforcedPowerLimit", (nvml_device, unsigned *))               \
	X(clock, "nvmlDeviceGetClockInfo", (nvml_device, int, unsigned *))                         \
	X(fan, "nvmlDeviceGetFanSpeed", (nvml_device, unsigned *))                                 \
	X(processes, "nvmlDeviceGetComputeRunningProcesses",                                       \
		(nvml_device, unsigned *, struct nvml_process_v1 *))                               \
	X(processes_v2, "nvmlDeviceGetComputeRunningProcesses_v2",                                 \
		(nvml_device, unsigned *, struct nvml_process *))                                  \
	X(processes_v3, "nvmlDeviceGetComputeRunningProcesses_v3",                                 \
		(nvml_device, unsigned *, struct nvml_process *))                                  \
	X(mig_mode, "nvmlDeviceGetMigMode", (nvml_device, unsigned *, unsigned *))                 \
	X(mig_count, "nvmlDeviceGetMaxMigDeviceCount", (nvml_device, unsigned *))                  \
	X(mig_by_index, "nvmlDeviceGetMigDeviceHandleByIndex",                                     \
		(nvml_device, unsigned, nvml_device *))
/* clang-format on */

struct nvml_api {
#define X(name, symbol, arguments) int(*name) arguments;
	NVML_FUNCTIONS(X)
#undef X
};

#endif
