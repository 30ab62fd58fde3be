using System.CommandLine;
using Appliance.Fix;
using Appliance.Host.Configuration;

namespace Appliance.Host.Commands;

/// <summary>The options by which a command line names certificates, with one wording: ours, and whom to take for the other end.</summary>
internal sealed class TlsOptions
{
    private readonly Option<string?> _certificate, _key, _password, _authority;
    private readonly Option<string[]> _pins;

    /// <param name="prefix">Before each name, "" or "tls-".</param>
    /// <param name="other">Before the names that are about the other end, "" or "client-".</param>
    /// <param name="whose">Who the other end is, for descriptions.</param>
    public TlsOptions(string prefix, string other, string whose)
    {
        _certificate = new($"--{prefix}certificate") { Description = "Our certificate: PEM, its issuers behind it if need be, or PKCS#12 with the key in it.", HelpName = "FILE" };
        _key = new($"--{prefix}key") { Description = "Its private key, PEM; left out, it is in the certificate's file.", HelpName = "FILE" };
        _password = new($"--{prefix}key-password-file") { Description = "File with the key's password.", HelpName = "FILE" };
        _pins = new($"--{prefix}{other}pin") { Description = $"SHA-256 of {whose} public key or certificate, 64 hexadecimal digits; may be given several times. `appliance tls pin` prints them.", HelpName = "SHA256" };
        _authority = new($"--{prefix}{other}authority") { Description = $"PEM file with the certificates of those who may issue {whose}.", HelpName = "FILE" };
    }

    public Option[] All => [_certificate, _key, _password, _pins, _authority];

    /// <summary>Null when no certificate is named.</summary>
    public TlsIdentity? Identity(ParseResult parsed)
    {
        if (parsed.GetValue(_certificate) is not { } certificate)
        {
            foreach (var other in new[] { _key, _password })
                if (parsed.GetValue(other) is not null) throw new BadInputException($"{other.Name}: goes with {_certificate.Name}");
            return null;
        }
        return TlsIdentity.TryRead(new TlsIdentityFiles(certificate, parsed.GetValue(_key), parsed.GetValue(_password)), DateTime.UtcNow, out string problem) ?? throw new BadInputException($"{_certificate.Name}: {problem}");
    }

    public TlsTrust Trust(ParseResult parsed, string? pinKey = null, string? authorityKey = null) =>
        TlsTrust.TryMake(parsed.GetValue(_pins) ?? [], parsed.GetValue(_authority), () => DateTime.UtcNow, pinKey ?? _pins.Name, authorityKey ?? _authority.Name, out string problem) ?? throw new BadInputException(problem);
}
