/* Stands in for the library of this name, which wine 8 lacks. Rust's standard library asks it for
   random bytes; the function here passes that on to an older one. */
unsigned char __stdcall SystemFunction036(void *buffer, unsigned long length);

__declspec(dllexport) int __stdcall ProcessPrng(unsigned char *buffer, unsigned long long length) {
    const unsigned long long most = 1 << 30;
    while (length > 0) {
        unsigned long part = (unsigned long)(length < most ? length : most);
        if (!SystemFunction036(buffer, part))
            return 0;
        buffer += part;
        length -= part;
    }
    return 1;
}
