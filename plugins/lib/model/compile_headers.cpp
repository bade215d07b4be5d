#include "plugins/lib/model/generate.h"
#include "plugins/lib/model/optimizer.h"
#include "plugins/lib/model/qwen3.h"
#include "plugins/lib/model/tokenizer.h"
