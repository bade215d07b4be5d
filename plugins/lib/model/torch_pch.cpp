#include "plugins/lib/model/torch_pch.h"
