using System.Runtime.InteropServices;

namespace Appliance.Fix;

/// <summary>
/// A private key that signs Logons. The runtime has no Ed25519, and its RSA allocates; OpenSSL's libcrypto, which the runtime itself uses for TLS, does both. It is looked for only where a session
/// asks for such a signature, and a machine without it is told so at the start. Signing takes some 40 microseconds (Ed25519) to 5 milliseconds (RSA of 4,096 bits), of which a session needs one a Logon, and no managed memory.
/// </summary>
public sealed unsafe class LogonKey : SafeHandle
{
    /// <summary>Bytes of the longest signature: RSA with 4,096 bits.</summary>
    public const int SignatureBytesMax = 512;

    /// <summary>OpenSSL's NID_ED25519 and EVP_PKEY_RSA.</summary>
    private const int Ed25519Id = 1087, RsaId = 6;
    private const int SeedBytes = 32;

    private static readonly string[] Names = ["libcrypto.so.3", "libcrypto.so.1.1", "libcrypto.so"];

    private readonly LogonAlgorithm _algorithm;
    private readonly nint _library;
    private readonly delegate* unmanaged<nint> _newContext;
    private readonly delegate* unmanaged<nint, void> _freeContext, _freeKey;
    private readonly delegate* unmanaged<nint, nint*, nint, nint, nint, int> _begin;
    private readonly delegate* unmanaged<nint, byte*, nuint*, byte*, nuint, int> _sign;
    private readonly delegate* unmanaged<nint, byte*, byte*, int> _set;
    private readonly delegate* unmanaged<void> _forgetErrors;
    private readonly nint _sha256;

    private LogonKey(LogonAlgorithm algorithm, nint library) : base(0, ownsHandle: true)
    {
        (_algorithm, _library) = (algorithm, library);
        _newContext = (delegate* unmanaged<nint>)Export("EVP_MD_CTX_new");
        _freeContext = (delegate* unmanaged<nint, void>)Export("EVP_MD_CTX_free");
        _freeKey = (delegate* unmanaged<nint, void>)Export("EVP_PKEY_free");
        _begin = (delegate* unmanaged<nint, nint*, nint, nint, nint, int>)Export("EVP_DigestSignInit");
        _sign = (delegate* unmanaged<nint, byte*, nuint*, byte*, nuint, int>)Export("EVP_DigestSign");
        _set = (delegate* unmanaged<nint, byte*, byte*, int>)Export("EVP_PKEY_CTX_ctrl_str");
        _forgetErrors = (delegate* unmanaged<void>)Export("ERR_clear_error");
        _sha256 = ((delegate* unmanaged<nint>)Export("EVP_sha256"))();
    }

    public override bool IsInvalid => handle == 0;

    /// <summary>Whether the algorithm signs with a private key instead of hashing with a shared secret.</summary>
    public static bool IsFor(LogonAlgorithm algorithm) => algorithm is LogonAlgorithm.Ed25519 or LogonAlgorithm.RsaSha256 or LogonAlgorithm.RsaPssSha256;

    /// <param name="key">PKCS#8 or, for RSA, PKCS#1, as DER; for Ed25519 also its seed of 32 bytes.</param>
    /// <param name="libraries">Names of libcrypto in the order in which they are tried; null takes OpenSSL 3's, then 1.1's.</param>
    /// <returns>Null when there is no such key to be had; <paramref name="problem"/> says why.</returns>
    public static LogonKey? TryMake(LogonAlgorithm algorithm, ReadOnlySpan<byte> key, out string problem, IReadOnlyList<string>? libraries = null)
    {
        nint library = 0;
        libraries ??= Names;
        if (!libraries.Any(name => NativeLibrary.TryLoad(name, out library)))
        {
            problem = $"OpenSSL's libcrypto, which signs, is not on this machine (looked for {string.Join(", ", libraries)}; Debian has it in libssl3)";
            return null;
        }
        LogonKey made;
        try { made = new LogonKey(algorithm, library); }
        catch (EntryPointNotFoundException e)
        {
            problem = $"OpenSSL's libcrypto on this machine is older than 1.1.1 ({e.Message})";
            return null;
        }
        problem = made.Read(key);
        if (problem == "") return made;
        made.Dispose();
        return null;
    }

    private nint Export(string name) => NativeLibrary.GetExport(_library, name);

    private string Read(ReadOnlySpan<byte> key)
    {
        const string NoKey = "is no private key that OpenSSL can read";
        if (key.IsEmpty) return NoKey;
        bool isEdwards = _algorithm == LogonAlgorithm.Ed25519;
        fixed (byte* bytes = key)
        {
            if (isEdwards && key.Length == SeedBytes)
                SetHandle(((delegate* unmanaged<int, nint, byte*, nuint, nint>)Export("EVP_PKEY_new_raw_private_key"))(Ed25519Id, 0, bytes, SeedBytes));
            else
            {
                byte* at = bytes;
                SetHandle(((delegate* unmanaged<nint, byte**, nint, nint>)Export("d2i_AutoPrivateKey"))(0, &at, key.Length));
            }
        }
        _forgetErrors();
        if (IsInvalid) return NoKey;
        // Renamed in OpenSSL 3.
        if (!NativeLibrary.TryGetExport(_library, "EVP_PKEY_get_base_id", out nint kindOf)) kindOf = Export("EVP_PKEY_base_id");
        if (!NativeLibrary.TryGetExport(_library, "EVP_PKEY_get_bits", out nint bitsOf)) bitsOf = Export("EVP_PKEY_bits");
        int kind = ((delegate* unmanaged<nint, int>)kindOf)(handle), bits = ((delegate* unmanaged<nint, int>)bitsOf)(handle);
        if (kind != (isEdwards ? Ed25519Id : RsaId)) return $"is a private key, but not of {(isEdwards ? "Ed25519" : "RSA")}";
        if (!isEdwards && bits is < 2048 or > 4096) return $"is an RSA key of {bits} bits; 2048 to 4096 are taken";
        // The first signature builds tables, and shows that there will be one.
        Span<byte> signature = stackalloc byte[SignatureBytesMax];
        return Sign("warm"u8, signature) > 0 ? "" : "is a key that OpenSSL does not sign with";
    }

    /// <summary>Writes the signature; any thread, one at a time.</summary>
    /// <returns>Its length; 0 when OpenSSL failed.</returns>
    public int Sign(ReadOnlySpan<byte> text, Span<byte> signature)
    {
        nint context = _newContext(), parameters = 0;
        nuint length = (nuint)signature.Length;
        bool isSigned = context != 0 && _begin(context, &parameters, _algorithm == LogonAlgorithm.Ed25519 ? 0 : _sha256, 0, handle) == 1;
        if (isSigned && _algorithm == LogonAlgorithm.RsaPssSha256)
        {
            // The salt is as long as the digest, as RFC 8017 has it and venues check it.
            fixed (byte* mode = "rsa_padding_mode\0"u8, pss = "pss\0"u8, salt = "rsa_pss_saltlen\0"u8, digest = "-1\0"u8) isSigned = _set(parameters, mode, pss) == 1 && _set(parameters, salt, digest) == 1;
        }
        fixed (byte* from = text, to = signature) isSigned = isSigned && _sign(context, to, &length, from, (nuint)text.Length) == 1;
        if (context != 0) _freeContext(context);
        // What stays in the thread's queue of errors would be read as another call's.
        if (!isSigned) _forgetErrors();
        return isSigned ? (int)length : 0;
    }

    protected override bool ReleaseHandle()
    {
        _freeKey(handle);
        return true;
    }
}
