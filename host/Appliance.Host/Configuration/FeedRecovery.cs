using Appliance.Ingest.Mold;

namespace Appliance.Host.Configuration;

/// <summary>A MoldUDP64 feed's second line and re-request server. Empty texts: there is none.</summary>
internal sealed record FeedRecovery(string GroupB, int PortB, string InterfaceB, string Host, int Port, MoldRecoveryOptions Options)
{
    public bool HasSecondLine => GroupB != "";
    public bool HasServer => Host != "";
    public bool IsOn => HasSecondLine || HasServer;

    public static FeedRecovery Read(ConfigurationObject feed, bool isEmbedded)
    {
        string groupB = feed.Text("groupB"), interfaceB = feed.Text("interfaceB"), host = feed.Text("recoveryHost");
        foreach (string key in new[] { "groupB", "recoveryHost" })
            if (feed.Text(key) != "" && feed.Text("kind") != "itch50-moldudp64") feed.Error(key, $"\"{feed.Text(key)}\"", "\"\" with this kind of feed; second lines and re-requests belong to itch50-moldudp64");
        if (groupB != "" && !Desk.IsMulticast(groupB)) feed.Error("groupB", $"\"{groupB}\"", "an IPv4 multicast address, 224.0.0.0 to 239.255.255.255, or \"\"");
        if (feed.Has("interfaceB") && !System.Net.IPAddress.TryParse(interfaceB, out _)) feed.Error("interfaceB", $"\"{interfaceB}\"", "an IPv4 address");
        if (host != "" && !System.Net.IPAddress.TryParse(host, out _)) feed.Error("recoveryHost", $"\"{host}\"", "an IPv4 address, or \"\"");
        int portB = (int)feed.Integer("portB"), port = (int)feed.Integer("recoveryPort");
        if (groupB != "" && portB == 0 && !isEmbedded) feed.Error("portB", "0", "the second line's port");
        if (host != "" && port == 0 && !isEmbedded) feed.Error("recoveryPort", "0", "the re-request server's port");
        if (groupB != "" && groupB == feed.Text("group") && portB == feed.Integer("port") && portB != 0) feed.Error("portB", $"{portB}", "another port, or another group, than the first line's");
        return new FeedRecovery(groupB, portB, interfaceB, host, port, new MoldRecoveryOptions
        {
            HasServer = host != "", WaitMicroseconds = (int)feed.Integer("recoveryWaitMicroseconds"), TimeoutMilliseconds = (int)feed.Integer("recoveryTimeoutMilliseconds"),
            Attempts = (int)feed.Integer("recoveryAttempts"), MessagesMax = feed.Integer("recoveryMessagesMax"),
        });
    }
}
