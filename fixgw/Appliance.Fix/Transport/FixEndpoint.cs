using System.Globalization;
using System.Net;

namespace Appliance.Fix;

/// <summary>Where an acceptor, or a proxy on the way to one, listens.</summary>
public readonly record struct FixEndpoint(string Host, int Port)
{
    /// <summary>"host:port", and "[::1]:5001" for an IPv6 address.</summary>
    public static bool TryParse(string text, out FixEndpoint endpoint)
    {
        endpoint = default;
        int colon = text.LastIndexOf(':');
        if (colon <= 0 || !int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int port) || port is < 1 or > 65535)
            return false;
        string host = text[..colon];
        if (host is ['[', .., ']'])
        {
            host = host[1..^1];
            if (!IPAddress.TryParse(host, out _)) return false;
        }
        else if (host.Contains(':', StringComparison.Ordinal)) return false;
        if (!IsHost(host)) return false;
        endpoint = new FixEndpoint(host, port);
        return true;
    }

    internal static bool IsHost(string host) => host.Length is > 0 and <= 253 && host.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_' or ':' or '%');

    public override string ToString() => Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]:{Port.ToString(CultureInfo.InvariantCulture)}" : $"{Host}:{Port.ToString(CultureInfo.InvariantCulture)}";
}
